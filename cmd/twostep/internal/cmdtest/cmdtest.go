// Package cmdtest supports tests of the commands.
package cmdtest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/db"
)

// Isolate changes to an empty folder and unsets all variables of the program.
func Isolate(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "TWOSTEP_") {
			t.Setenv(name, "") // restores it after the test
			os.Unsetenv(name)
		}
	}
}

// CreateData creates an empty database and its keys in ./data, with the database
// in PostgreSQL unless the connection string is empty.
func CreateData(t *testing.T, postgres string) {
	t.Helper()
	store, _, err := datadir.Dir{Path: "data", Database: postgres}.Open(t.Context())
	check(t, err)
	check(t, store.Close())
}

// WithRules calls do with the rules on the data in ./data.
func WithRules(t *testing.T, do func(*auth.Rules)) {
	t.Helper()
	WithStore(t, func(_ *db.Store, rules *auth.Rules) { do(rules) })
}

// WithStore is WithRules with their store.
func WithStore(t *testing.T, do func(*db.Store, *auth.Rules)) {
	t.Helper()
	store, keys, err := datadir.Dir{Path: "data"}.Open(context.Background())
	check(t, err)
	do(store, auth.New(store, keys, auth.NewHasher(auth.DefaultCost, 1), auth.Policy{}, time.Now))
	check(t, store.Close())
}

// Snapshot describes every file below the current folder: its mode and content.
func Snapshot(t *testing.T) (files string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		content, _ := os.ReadFile(path)
		files += fmt.Sprintf("%s %v %x\n", path, info.Mode(), auth.Token(content).Hash())
		return err
	})
	check(t, err)
	return files
}

// ReadFile returns the content of a file.
func ReadFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	check(t, err)
	return string(content)
}

// WriteFile writes a file that is private to its owner.
func WriteFile(t *testing.T, path, content string) {
	t.Helper()
	check(t, os.WriteFile(path, []byte(content), 0o600))
}

// Chmod changes the mode of a file.
func Chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	check(t, os.Chmod(path, mode))
}

// Rename renames a file.
func Rename(t *testing.T, from, to string) {
	t.Helper()
	check(t, os.Rename(from, to))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
