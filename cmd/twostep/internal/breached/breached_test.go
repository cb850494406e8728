package breached

import (
	"crypto/sha1"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestContains finds every password of a list and no other, with both line endings,
// with and without counts (PW-07).
func TestContains(t *testing.T) {
	for name, form := range map[string]string{"as published": "%X:%d\r\n", "line feeds": "%X:%d\n", "only hashes": "%X\n"} {
		for _, size := range []int{1, 2, 3, 1000} {
			var lines []string
			for i := range size {
				sum := sha1.Sum(fmt.Appendf(nil, "password number %d", i))
				args := []any{sum}
				if strings.Contains(form, "%d") {
					args = append(args, i*i*i+1)
				}
				lines = append(lines, fmt.Sprintf(form, args...))
			}
			slices.Sort(lines)
			path := filepath.Join(t.TempDir(), "list")
			if err := os.WriteFile(path, []byte(strings.TrimSuffix(strings.Join(lines, ""), "\n")), 0o600); err != nil {
				t.Fatal(err)
			}
			list, err := Open(path)
			if err != nil {
				t.Fatalf("%s, %d lines: %v", name, size, err)
			}
			for i := range size + 50 {
				got, err := list.Contains(fmt.Sprintf("password number %d", i))
				if err != nil || got != (i < size) {
					t.Fatalf("%s, %d lines: password number %d: %v, %v", name, size, i, got, err)
				}
			}
		}
	}
}

// TestOpen_Rejects: a file of another kind is an error.
func TestOpen_Rejects(t *testing.T) {
	folder := t.TempDir()
	sorted := fmt.Sprintf("%X:1\n%X:1\n", [20]byte{1}, [20]byte{2})
	unsorted := fmt.Sprintf("%X:1\n%X:1\n", [20]byte{2}, [20]byte{1})
	for name, text := range map[string]string{
		"empty": "", "words": "password\n123456\n", "unsorted": unsorted, "lower case": strings.ToLower(fmt.Sprintf("%X:1\n", sha1.Sum(nil))),
	} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := Open(folder); err == nil {
		t.Error("a folder was accepted")
	}
	path := filepath.Join(folder, "sorted")
	if err := os.WriteFile(path, []byte(sorted), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	list.file = strings.NewReader("damaged") // the rule then rejects nothing
	if list.Rule(slog.New(slog.NewTextHandler(io.Discard, nil)))("anything") {
		t.Error("a list that cannot be read rejects everything")
	}
}
