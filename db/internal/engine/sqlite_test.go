package engine

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"testing"
)

func TestOpenSQLite_Pragmas(t *testing.T) {
	db, _ := open(t)
	must(t, checkPragmas(t.Context(), db.writer.Statements))
	must(t, checkPragmas(t.Context(), db.Statements, readerPragmas...))
	if err := checkPragmas(t.Context(), db.writer.Statements, readerPragmas...); err == nil {
		t.Error("no error for a wrong pragma")
	}
	if _, err := db.Exec(t.Context(), `DELETE FROM counters`); err == nil {
		t.Error("a reader could write")
	}
	for _, on := range []Statements{db.writer.Statements, db.Statements} {
		if _, err := on.Exec(t.Context(), `SELECT "no such column"`); err == nil {
			t.Error("a double-quoted name was read as a string")
		}
	}
	var store int
	must(t, db.writer.Find(t.Context(), Row{&store}, `PRAGMA temp_store`))
	if store != 2 {
		t.Error("temporary pages are kept in a file")
	}
	must(t, db.Ping(t.Context()))
}

// The reader and the writer run the same SQLite.
func TestSQLiteReader_SameLibrary(t *testing.T) {
	db, _ := open(t)
	for _, query := range []string{`SELECT sqlite_version()`, `SELECT sqlite_source_id()`, `SELECT group_concat(compile_options) FROM pragma_compile_options`} {
		var read, write string
		must(t, db.Find(t.Context(), Row{&read}, query))
		must(t, db.writer.Find(t.Context(), Row{&write}, query))
		if read != write {
			t.Errorf("%s: the reader returns %s and the writer %s", query, read, write)
		}
	}
	const lib = "modernc.org/sqlite/lib"
	for _, driver := range []string{"modernc.org/sqlite", "zombiezen.com/go/sqlite"} {
		out, err := exec.Command("go", "list", "-json=Imports", driver).Output()
		must(t, err)
		var listed struct{ Imports []string }
		must(t, json.Unmarshal(out, &listed))
		found := false
		for _, path := range listed.Imports {
			found = found || path == lib
		}
		if !found {
			t.Errorf("%s does not import %s", driver, lib)
		}
	}
}

// The translation of SQLite is generated for one version of modernc.org/libc and
// must be built with it: https://pkg.go.dev/modernc.org/sqlite#hdr-Fragile_modernc_org_libc_dependency.
func TestSQLite_LibcVersion(t *testing.T) {
	libc := regexp.MustCompile(`(?m)^\s*modernc\.org/libc (v\S+)`)
	out, err := exec.Command("go", "list", "-m", "-json", "modernc.org/sqlite").Output()
	must(t, err)
	var module struct{ GoMod string }
	must(t, json.Unmarshal(out, &module))
	file, err := os.ReadFile(module.GoMod)
	must(t, err)
	want := libc.FindSubmatch(file)
	got, err := exec.Command("go", "list", "-m", "-f={{.Version}}", "modernc.org/libc").Output()
	must(t, err)
	if want == nil || string(want[1])+"\n" != string(got) {
		t.Errorf("libc is %s, and modernc.org/sqlite requires %s", got, want)
	}
}
