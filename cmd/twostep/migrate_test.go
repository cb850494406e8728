package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestProgram_Migrate walks from a server on SQLite to two on PostgreSQL.
func TestProgram_Migrate(t *testing.T) {
	folder, address := t.TempDir(), emptyDatabase(t)
	words := []string{"migrate", "--from=sqlite", "--to=" + address}
	say(t, folder, 2, "there are no data", words...)
	server := start(t, folder, closedMail(t))
	say(t, folder, 0, "has an account", "user", "add", "ann@example.org") // whose mail waits, sealed
	say(t, folder, 1, "a server runs", words...)
	server.stop(t, syscall.SIGTERM)
	path, away := filepath.Join(folder, "data", keyFile), filepath.Join(folder, "away")
	move(t, path, away)
	say(t, folder, 1, "put the key file back", words...)
	move(t, away, path)

	say(t, folder, 1, "nothing was moved: no PostgreSQL server answers", "migrate", "--from=sqlite", "--to=postgres://ann@127.0.0.1:1/x")

	t.Chdir(folder)
	before := everything(t)
	p := program(t, folder, words...)
	p.Env = append(p.Env, "TWOSTEP_DATABASE=postgres://nobody@127.0.0.1:1/elsewhere")
	said, err := p.CombinedOutput()
	if err != nil || !strings.Contains(string(said), "Copied: 100 %") || !strings.Contains(string(said), "1 account, and ") {
		t.Fatalf("%v: %s", err, said)
	}
	if after := everything(t); after != before {
		t.Errorf("the source was\n%sand is\n%s", before, after)
	}
	say(t, folder, 1, "holds data already, accounts among them", words...)

	database, second := "--database="+address, t.TempDir()
	nodes := []running{start(t, folder, database), start(t, second, database, "--keys=file:"+path)}
	say(t, second, 0, "ann@example.org", "user", "list", database, "--keys=file:"+path)
	for _, node := range nodes {
		if code, said := node.stop(t, syscall.SIGTERM); code != 0 || strings.Contains(said, "drawn") {
			t.Errorf("stopped with %d: %s", code, said)
		}
	}
}

func TestProgram_MigrateBadFlags(t *testing.T) {
	folder := t.TempDir()
	for _, args := range [][]string{
		{"--from=mysql", "--to=postgres://ann:hush@127.0.0.1/x"},
		{"--from=postgres", "--to=postgres://ann:hush@127.0.0.1/x"},
		{"--to=postgres://ann:hush@127.0.0.1/x"},
		{"--from=sqlite"},
		{"--from=sqlite", "--to="},
		{"--from=sqlite", "--to=mysql://ann:hush@127.0.0.1/x"},
		{"--from=sqlite", "--to=postgres://ann:hush@127.0.0.1/x", "--database=postgres://ann:hush@127.0.0.1/x"},
	} {
		code, said := ends(t, program(t, folder, append([]string{"migrate"}, args...)...))
		if code != 2 || strings.Count(said, "\n") != 1 || strings.Contains(said, "hush") {
			t.Errorf("%v: exit code %d and %q", args, code, said)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("they have made %v, %v", left, err)
	}
}
