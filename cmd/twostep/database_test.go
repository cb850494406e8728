package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"twostep/auth"

	"twostep/db/dbtest"
)

// postgres is the one server of all tests, started by the first that asks.
var postgres struct {
	once    sync.Once
	cluster *dbtest.Postgres
	err     error
	named   atomic.Int64
}

// stopPostgres ends it after the tests.
func stopPostgres() error {
	if postgres.cluster == nil {
		return nil
	}
	return postgres.cluster.Stop()
}

// emptyDatabase makes a database of PostgreSQL and returns its address. Without
// the server's programs the test is left out, but not where changes are judged.
func emptyDatabase(t *testing.T) (address string) {
	t.Helper()
	postgres.once.Do(func() { postgres.cluster, postgres.err = dbtest.StartPostgres() })
	if errors.Is(postgres.err, dbtest.ErrNoPostgres) && os.Getenv("CI") != "true" {
		t.Skip(postgres.err)
	}
	if postgres.err != nil {
		t.Fatal(postgres.err)
	}
	name := fmt.Sprint("empty_", postgres.named.Add(1))
	if err := postgres.cluster.Exec("postgres", `CREATE DATABASE `+name); err != nil {
		t.Fatal(err)
	}
	return postgres.cluster.URL(name)
}

// The binary serves two nodes on one database of PostgreSQL, and the other
// words work beside them.
func TestProgram_Postgres(t *testing.T) {
	database := "--database=" + emptyDatabase(t)
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

// TestProgram_PostgresKeys: the first server on an empty database draws its keys
// and says that the others need them; no other ring is drawn or taken (ST-05).
func TestProgram_PostgresKeys(t *testing.T) {
	database := "--database=" + emptyDatabase(t)
	first, second := t.TempDir(), t.TempDir()
	code, said := start(t, first, database).stop(t, syscall.SIGTERM)
	if path := filepath.Join(first, "data", keyFile); code != 0 || !strings.Contains(said, "needs a copy of "+path) {
		t.Errorf("the first: exit code %d: %s", code, said)
	}
	if code, said := start(t, first, database).stop(t, syscall.SIGTERM); code != 0 || strings.Contains(said, "drawn") {
		t.Errorf("started again: exit code %d: %s", code, said)
	}
	ring, err := os.ReadFile(filepath.Join(first, "data", keyFile))
	if err != nil {
		t.Fatal(err)
	}

	for _, args := range [][]string{{"--listen=127.0.0.1:0"}, {"--listen=127.0.0.1:0", "--sms=webhook:https://example.org/sms"}} {
		say(t, second, 1, "copy the first server's key file there", append(args, database)...)
	}
	for _, args := range [][]string{{"user", "add", "ann@example.org"}, {"keys", "rotate"}} {
		say(t, second, 2, "it must be the first server's", append(args, database)...)
	}
	if left, err := os.ReadDir(filepath.Join(second, "data")); err != nil || len(left) != 0 {
		t.Errorf("the second has made %v, %v", left, err)
	}
	put(t, second, "data/keys", []byte(auth.NewKeyring().String()))
	for _, args := range [][]string{{"--listen=127.0.0.1:0"}, {"user", "list"}, {"user", "add", "ann@example.org"}, {"keys", "rotate"}} {
		say(t, second, 1, "not those of the data", append(args, database)...)
	}
	put(t, second, "data/keys", ring)
	start(t, second, database).stop(t, syscall.SIGTERM)
	say(t, second, 0, "EMAIL", "user", "list", database)
}

// Of two servers that begin an empty database at the same moment, from folders
// of their own, one draws its keys and the other ends.
func TestProgram_PostgresKeysOnceOnly(t *testing.T) {
	database := "--database=" + emptyDatabase(t)
	folders := []string{t.TempDir(), t.TempDir()}
	said := make([]string, len(folders))
	var both sync.WaitGroup
	for i, folder := range folders {
		p := program(t, folder, "--listen=127.0.0.1:0", database)
		stderr, err := p.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		both.Go(func() {
			said[i], _ = bufio.NewReader(stderr).ReadString('\n')
			_ = p.Process.Kill()
			_ = p.Wait()
		})
	}
	both.Wait()
	served, drawn := 0, 0
	for i, folder := range folders {
		if ready.MatchString(said[i]) {
			served++
		} else if !strings.Contains(said[i], "copy the first server's key file there") {
			t.Errorf("one ended with %q", said[i])
		}
		if _, err := os.Stat(filepath.Join(folder, "data", keyFile)); err == nil {
			drawn++
		}
	}
	if served != 1 || drawn != 1 {
		t.Errorf("%d serve and %d have keys", served, drawn)
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
