package handlers

import "testing"

func TestCookieText(t *testing.T) {
	for name, h := range map[string]cookieValues{
		"nothing": {},
		"one":     {Session: "a token"},
		"all":     {Session: "x=y", Attempt: "another", Notice: "code_sent"},
	} {
		lines, err := cookieText{}.Serialize(h)
		if err != nil {
			t.Fatal(err)
		}
		var read cookieValues
		if err := (cookieText{}).Deserialize(lines, &read); err != nil || read != h {
			t.Errorf("%s: %v, %v", name, read, err)
		}
	}
	for name, value := range map[string]any{
		"a line break": cookieValues{Notice: "one\nsession=another"},
		"no cookie":    "session",
	} {
		if lines, err := (cookieText{}).Serialize(value); err == nil {
			t.Errorf("%s was written: %q", name, lines)
		}
	}
	for name, row := range map[string]struct {
		text string
		into any
	}{"a line without a name": {"no name", new(cookieValues)}, "no cookie": {"session=x", new(string)}} {
		if err := (cookieText{}).Deserialize([]byte(row.text), row.into); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}
