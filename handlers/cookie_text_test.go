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
	for name, into := range map[string]any{"a line without a name": new(cookieValues), "no cookie": new(string)} {
		if err := (cookieText{}).Deserialize([]byte("no name"), into); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}
