package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sample = `package sample

func f(a, b int, err error, changes *set) bool {
	if err != nil {
		return false
	}
	if a > b {
		return true
	}
	changes.add(one{}, two{})
	query(` + "`SELECT 1 FROM t WHERE id = $1 AND user_id = $2`" + `)
	return a == b
}
`

// TestFind: each kind of fault is found once, and a check for an error is none.
func TestFind(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sample.go")
	if err := os.WriteFile(file, []byte(sample), 0o600); err != nil {
		t.Fatal(err)
	}
	faults, err := find(file)
	if err != nil {
		t.Fatal(err)
	}
	var changed []string
	for _, f := range faults {
		changed = append(changed, string(f.apply()))
	}
	all := strings.Join(changed, "")
	for _, want := range []string{"if a >= b {", "\n\t\n\tchanges", "add(two{})", "add(one{}, )", "WHERE id = $1`", "return a != b"} {
		if strings.Count(all, want) != 1 {
			t.Errorf("%q in %d of %d faults, want 1", want, strings.Count(all, want), len(faults))
		}
	}
	if len(faults) != 6 {
		t.Errorf("%d faults, want 6", len(faults))
	}
}
