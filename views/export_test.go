package views

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"twostep/auth"
)

func TestPeopleTable(t *testing.T) {
	ann := auth.Account{User: auth.User{ID: "ann"}, CreatedAt: now}
	want := []string{"ann", "", "active", "0", "false", "0", "0", "", "none", "2026-05-02T14:04:00Z", ""}
	if got := PeopleTable.Cells(Page{}, ann); !slices.Equal(got, want) {
		t.Errorf("an account that was never seen: %q, want %q", got, want)
	}
}

// Spreadsheets run no cell as a formula (OP-11), also if they separate cells with
// semicolons. All other text arrives as it is.
func TestCSVRow(t *testing.T) {
	for cell, want := range map[string]string{
		"":                    "",
		"ann@example.org":     "ann@example.org",
		"=1+1":                "'=1+1",
		"+4915112345678":      "'+4915112345678",
		"-1":                  "'-1",
		"@SUM(A1)":            "'@SUM(A1)",
		"\t=1":                "'\t=1",
		"\r=1":                "'\r=1",
		"＝1":                  "'＝1",
		`a;=1`:                `a;'=1`,
		"a,\"b\"\r\n@c":       "a,\"b\"\r'\n@c",
		"Mozilla/5.0 (X11; a": "Mozilla/5.0 (X11; a",
		"'=1":                 "'=1",
		"Grüße\u2028":         "Grüße\u2028",
	} {
		line := csvRow([]string{cell, "next"})
		rows, err := csv.NewReader(strings.NewReader(line)).ReadAll()
		if err != nil || len(rows) != 1 || rows[0][0] != want || rows[0][1] != "next" {
			t.Errorf("%q: %q is read as %q, %v", cell, line, rows, err)
		}
		var object map[string]string
		if err := json.Unmarshal([]byte(jsonRow([]string{"a", "b"}, []string{cell, "next"})), &object); err != nil || object["a"] != cell || object["b"] != "next" {
			t.Errorf("%q: %v, %v", cell, object, err)
		}
	}
}
