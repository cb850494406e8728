package auth

import "testing"

func TestNesting(t *testing.T) {
	for text, want := range map[string]int{
		``: 0, `"["`: 0, `{}`: 1, `[][]`: 1, `{}{}`: 1, `[{}]`: 2, `{"a":[1,2],"b":[3]}`: 2,
		`[{"a}\"]":[]}]`: 3, `["\\",[]]`: 2, `[[[`: 3,
	} {
		if got := nesting([]byte(text)); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
