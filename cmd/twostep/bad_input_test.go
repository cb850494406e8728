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
)

// obeysModes makes a program stop at file modes, which it would not when root
// runs the test.
func obeysModes(t *testing.T, p *exec.Cmd) *exec.Cmd {
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

// TestProgram_ReadOnlyFolder: every word that needs to write to the data folder
// says so in one line, and the data stay as they are.
func TestProgram_ReadOnlyFolder(t *testing.T) {
	folder := t.TempDir()
	start(t, folder, closedMail(t)).stop(t, syscall.SIGTERM)
	say(t, folder, 0, "has an account", "user", "add", "ann@example.org")
	say(t, folder, 0, "holds 1 account", "backup", "copy")
	put(t, folder, "ring", []byte(content(t, filepath.Join(folder, "data", keyFile))))
	if err := os.Mkdir(filepath.Join(folder, "empty"), 0o500); err != nil {
		t.Fatal(err)
	}
	mode(t, filepath.Join(folder, "data"), 0o500)
	t.Chdir(folder)
	before := everything(t)
	for _, args := range [][]string{
		{"--listen=127.0.0.1:0"},
		{"--listen=127.0.0.1:0", "--data=empty"},
		{"--listen=127.0.0.1:0", "--data=empty/deeper"},
		{"user", "list"},
		{"user", "add", "bob@example.org"},
		{"keys", "rotate"},
		{"backup", "again"},
		{"restore", "--data=empty", "--keys=file:ring", "copy"},
		{"migrate", "--from=sqlite", "--to=postgres://ann@127.0.0.1:1/x"},
	} {
		code, said := ends(t, obeysModes(t, program(t, folder, args...)))
		if code != 2 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "--data") || !strings.Contains(said, "permission denied") {
			t.Errorf("%v: exit code %d and %q", args, code, said)
		}
	}
	elsewhere := obeysModes(t, program(t, folder, "user", "list", "--database=postgres://ann@127.0.0.1:1/x"))
	if code, said := ends(t, elsewhere); code != 1 || !strings.Contains(said, "no PostgreSQL server answers") { // the keys were read
		t.Errorf("with PostgreSQL: exit code %d and %q", code, said)
	}
	if after := everything(t); after != before {
		t.Errorf("the folder was\n%sand is\n%s", before, after)
	}
	mode(t, filepath.Join(folder, "data"), 0o700) // to be removed
}

// TestProgram_NotItsData: a database of a newer version and keys of another ring
// are refused by every word that would write, on both databases.
func TestProgram_NotItsData(t *testing.T) {
	for kind, address := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "" }, "postgres": emptyDatabase} {
		t.Run(kind, func(t *testing.T) {
			folder, database := t.TempDir(), address(t)
			start(t, folder, "--database="+database).stop(t, syscall.SIGTERM)
			ring := content(t, filepath.Join(folder, "data", keyFile))
			refuses := func(part string) {
				t.Helper()
				for _, args := range [][]string{{"--listen=127.0.0.1:0"}, {"user", "add", "ann@example.org"}, {"user", "list"}, {"keys", "rotate"}} {
					say(t, folder, 1, part, append(args, "--database="+database)...)
				}
				if kind == "sqlite" {
					say(t, folder, 1, part, "migrate", "--from=sqlite", "--to="+emptyDatabase(t))
				}
			}
			put(t, folder, "data/keys", []byte(auth.NewKeyring().String()))
			refuses("not those of the data")
			put(t, folder, "data/keys", []byte(ring))
			start(t, folder, "--database="+database).stop(t, syscall.SIGTERM)

			change(t, folder, database, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
			refuses("version 9999")
			change(t, folder, database, `DELETE FROM schema_migrations WHERE version = 9999`)
			start(t, folder, "--database="+database).stop(t, syscall.SIGTERM)
		})
	}
}

// change writes to a database past the program.
func change(t *testing.T, folder, address, command string) {
	t.Helper()
	driver := "pgx"
	if address == "" {
		driver, address = "sqlite", filepath.Join(folder, "data", databaseFile)
	}
	database, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := database.ExecContext(t.Context(), command); err != nil {
		t.Fatal(err)
	}
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
