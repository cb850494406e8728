package handlers

import (
	"maps"
	"testing"
)

func TestCookieText(t *testing.T) {
	for name, values := range map[string]map[any]any{
		"nothing": {},
		"one":     {"session": "a handle"},
		"all":     {"session": "x=y", "attempt": "", "notice": "code_sent"},
	} {
		lines, err := cookieText{}.Serialize(values)
		if err != nil {
			t.Fatal(err)
		}
		read := map[any]any{}
		if err := (cookieText{}).Deserialize(lines, &read); err != nil || !maps.Equal(read, values) {
			t.Errorf("%s: %v, %v", name, read, err)
		}
	}
	for name, values := range map[string]any{
		"a line break": map[any]any{"notice": "one\nsession=another"},
		"a name":       map[any]any{"session=x": "y"},
		"a number":     map[any]any{"session": 7},
		"no map":       "session",
	} {
		if lines, err := (cookieText{}).Serialize(values); err == nil {
			t.Errorf("%s was written: %q", name, lines)
		}
	}
	read := map[any]any{}
	if err := (cookieText{}).Deserialize([]byte("no name"), &read); err == nil {
		t.Error("a line without a name was read")
	}
}
