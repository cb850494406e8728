package main

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"twostep/db/cluster"
)

// The binary serves two nodes on one database of PostgreSQL, and the other
// words work beside them.
func TestProgram_Postgres(t *testing.T) {
	c, err := cluster.Start()
	if errors.Is(err, cluster.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	}()
	database := "--database=" + c.Address("postgres")
	folder := t.TempDir()
	nodes := []running{start(t, folder, database), start(t, folder, database)}
	if code, said := ends(t, program(t, folder, "user", "add", database, "ann@example.org")); code != 0 {
		t.Errorf("user add: %d, %s", code, said)
	}
	if code, said := ends(t, program(t, folder, "backup", database, "file")); code != 2 || !strings.Contains(said, "pg_dump") {
		t.Errorf("backup: %d, %s", code, said)
	}
	for _, node := range nodes {
		if code, said := node.stop(t, syscall.SIGTERM); code != 0 {
			t.Errorf("stopped with %d: %s", code, said)
		}
	}
}

// What is wrong with a database is told in one line, without the password.
func TestProgram_PostgresRefused(t *testing.T) {
	for address, want := range map[string]int{
		"postgres://twostep:hush@127.0.0.1:1/x":             1,
		"postgres://twostep:hush@127.0.0.1/x?sslmode=maybe": 2,
		"postgres://twostep:hu/sh@127.0.0.1/x":              2,
		"mysql://twostep:hush@127.0.0.1/x":                  2,
	} {
		code, said := ends(t, program(t, t.TempDir(), "--listen=127.0.0.1:0", "--database="+address))
		if code != want || strings.Contains(said, "hu") || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: %d, %q", address, code, said)
		}
		if named := strings.Contains(said, "--database (TWOSTEP_DATABASE)"); named != (want == 2) {
			t.Errorf("%s: the flag is named: %v", address, named)
		}
	}
}
