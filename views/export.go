package views

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"twostep/auth"
)

// A Table writes rows of an export. What a viewer may not read is masked in it as on the
// pages (OP-09).
type Table[T any] struct {
	Columns []string
	Cells   func(Page, T) []string
}

// PeopleTable is the export of accounts.
var PeopleTable = Table[auth.Account]{
	[]string{"id", "email", "state", "passkeys", "authenticator_app", "phones", "sessions", "groups", "role", "created", "last_seen"},
	func(p Page, a auth.Account) []string {
		return []string{
			string(a.ID), p.email(a.Email.Typed), string(a.State()), strconv.Itoa(a.Passkeys), strconv.FormatBool(a.TOTP), strconv.Itoa(a.Phones),
			strconv.Itoa(a.Sessions), strings.Join(a.Groups, " "), a.Role.String(), exportTime(a.CreatedAt), exportTime(a.SeenAt),
		}
	},
}

// AuditTable is the export of the audit log.
var AuditTable = Table[auth.AuditEntry]{
	[]string{"id", "time", "event", "description", "account", "account_email", "by", "by_email", "ip", "user_agent", "reason"},
	func(p Page, hidden auth.AuditEntry) []string {
		e := p.entry(hidden)
		return []string{
			e.ID, exportTime(e.At), string(e.Type), eventText(e.Event), string(e.User), e.UserEmail, e.Actor, e.ActorEmail, e.IP, e.UserAgent, e.Reason,
		}
	},
}

// exportTime is a timestamp; empty for never.
func exportTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return timestamp(t)
}

// A Format is how rows are written.
type Format struct {
	Extension, ContentType string
	head                   func(columns []string) string
	row                    func(columns, cells []string) string
}

// CSV is comma-separated values (RFC 4180).
var CSV = Format{"csv", "text/csv; charset=utf-8", csvRow, func(_, cells []string) string { return csvRow(cells) }}

// NDJSON is one JSON object per line.
var NDJSON = Format{"ndjson", "application/x-ndjson", func([]string) string { return "" }, jsonRow}

// Head writes what comes before the first row.
func (t Table[T]) Head(w io.Writer, f Format) { io.WriteString(w, f.head(t.Columns)) }

// Row writes one row.
func (t Table[T]) Row(w io.Writer, f Format, page Page, row T) {
	io.WriteString(w, f.row(t.Columns, t.Cells(page, row)))
}

// formulas finds the beginning of what spreadsheets run as a formula (OP-11): in a cell, and
// in a part of it that they see as a cell, because some regions separate cells with
// semicolons. The wide characters are those of East Asian keyboards.
var formulas = regexp.MustCompile(`(^|[,;\t\r\n])([=+\-@\t\r\n＝＋－＠])`)

func csvRow(cells []string) string {
	var b strings.Builder
	for i, cell := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		cell = formulas.ReplaceAllString(cell, "$1'$2")
		if strings.ContainsAny(cell, "\",;\t\r\n") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		b.WriteString(cell)
	}
	return b.String() + "\r\n"
}

// jsonRow keeps the order of the columns.
func jsonRow(columns, cells []string) string {
	b := bytes.NewBufferString("{")
	for i, cell := range cells {
		if i > 0 {
			b.WriteByte(',')
		}
		text, _ := json.Marshal(cell) // a string has a JSON form
		b.WriteString(`"` + columns[i] + `":`)
		b.Write(text)
	}
	return b.String() + "}\n"
}
