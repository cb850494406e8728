package main

import (
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cmdtest"
)

// withoutRoot makes a program obey file modes if root runs the test.
func withoutRoot(t *testing.T, p *exec.Cmd) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		return p
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("root can write everywhere: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.Args = append([]string{setpriv, "--bounding-set=-dac_override,-dac_read_search", p.Path}, p.Args[1:]...)
	p.Path = setpriv
	return p
}

// TestProgram_ReadOnlyFolder: every command that writes to the data folder reports
// it in one line, and the data stays unchanged.
func TestProgram_ReadOnlyFolder(t *testing.T) {
	folder := t.TempDir()
	start(t, folder, unreachableMail(t)).stop(t, syscall.SIGTERM)
	wantOutput(t, folder, 0, "was added", "user", "add", "ann@example.org")
	wantOutput(t, folder, 0, "contains 1 account", "backup", "copy")
	cmdtest.WriteFile(t, filepath.Join(folder, "keys"), cmdtest.ReadFile(t, filepath.Join(folder, "data", keyFile)))
	if err := os.Mkdir(filepath.Join(folder, "empty"), 0o500); err != nil {
		t.Fatal(err)
	}
	cmdtest.Chmod(t, filepath.Join(folder, "data"), 0o500)
	t.Chdir(folder)
	before := cmdtest.Snapshot(t)
	for _, args := range [][]string{
		{"--listen=127.0.0.1:0"},
		{"--listen=127.0.0.1:0", "--data=empty"},
		{"--listen=127.0.0.1:0", "--data=empty/deeper"},
		{"user", "list"},
		{"user", "add", "bob@example.org"},
		{"keys", "rotate"},
		{"backup", "again"},
		{"restore", "--data=empty", "--keys=file:keys", "copy"},
		{"migrate", "--from=sqlite", "--to=postgres://ann@127.0.0.1:1/x"},
	} {
		code, output := runToEnd(t, withoutRoot(t, program(t, folder, args...)))
		if code != 2 || strings.Count(output, "\n") != 1 || !strings.Contains(output, "--data") || !strings.Contains(output, "permission denied") {
			t.Errorf("%v: exit code %d and %q", args, code, output)
		}
	}
	onPostgres := withoutRoot(t, program(t, folder, "user", "list", "--database=postgres://ann@127.0.0.1:1/x"))
	if code, output := runToEnd(t, onPostgres); code != 1 || !strings.Contains(output, "no PostgreSQL server answers") { // the keys were read
		t.Errorf("with PostgreSQL: exit code %d and %q", code, output)
	}
	if after := cmdtest.Snapshot(t); after != before {
		t.Errorf("the folder changed from\n%sto\n%s", before, after)
	}
	cmdtest.Chmod(t, filepath.Join(folder, "data"), 0o700) // for the cleanup
}

// TestProgram_WrongData: every command that writes refuses a database of a newer
// version and a keyring that is not its own, on both databases.
func TestProgram_WrongData(t *testing.T) {
	for kind, newDatabase := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "" }, "postgres": cmdtest.EmptyDatabase} {
		t.Run(kind, func(t *testing.T) {
			folder, database := t.TempDir(), newDatabase(t)
			start(t, folder, "--database="+database).stop(t, syscall.SIGTERM)
			keys := cmdtest.ReadFile(t, filepath.Join(folder, "data", keyFile))
			refuses := func(part, migratePart string) {
				t.Helper()
				for _, args := range [][]string{{"--listen=127.0.0.1:0"}, {"user", "add", "ann@example.org"}, {"user", "list"}, {"keys", "rotate"}} {
					wantOutput(t, folder, 1, part, append(args, "--database="+database)...)
				}
				if kind == "sqlite" {
					wantOutput(t, folder, 1, migratePart, "migrate", "--from=sqlite", "--to="+cmdtest.EmptyDatabase(t))
				}
			}
			cmdtest.WriteFile(t, filepath.Join(folder, "data/keys"), auth.NewKeyring().String())
			refuses("do not belong to this database", "nothing was copied: the keys")
			cmdtest.WriteFile(t, filepath.Join(folder, "data/keys"), keys)
			start(t, folder, "--database="+database).stop(t, syscall.SIGTERM)

			execSQL(t, folder, database, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
			refuses("version 9999", "version 9999")
			execSQL(t, folder, database, `DELETE FROM schema_migrations WHERE version = 9999`)
			start(t, folder, "--database="+database).stop(t, syscall.SIGTERM)
		})
	}
}

// execSQL changes a database directly.
func execSQL(t *testing.T, folder, address, statement string) {
	t.Helper()
	driver := "pgx"
	if address == "" {
		driver, address = "sqlite", "file:"+filepath.Join(folder, "data", databaseFile)+"?_pragma=busy_timeout(10000)"
	}
	database, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := database.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}
}
