package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cmdtest"
)

// TestProgram_Postgres runs two servers on one PostgreSQL database, and other
// commands at the same time.
func TestProgram_Postgres(t *testing.T) {
	database := "--database=" + cmdtest.EmptyDatabase(t)
	folder := t.TempDir()
	nodes := []server{start(t, folder, database), start(t, folder, database)}
	if code, output := runToEnd(t, program(t, folder, "user", "add", database, "ann@example.org")); code != 0 {
		t.Errorf("user add: %d, %s", code, output)
	}
	if code, output := runToEnd(t, program(t, folder, "backup", database, "file")); code != 2 || !strings.Contains(output, "pg_dump") {
		t.Errorf("backup: %d, %s", code, output)
	}
	for _, node := range nodes {
		if code, output := node.stop(t, syscall.SIGTERM); code != 0 {
			t.Errorf("stopped with %d: %s", code, output)
		}
	}
}

// TestProgram_PostgresKeys: the first server on an empty database creates the keys
// and says that the others need them; no other keyring is created or accepted
// (ST-05).
func TestProgram_PostgresKeys(t *testing.T) {
	database := "--database=" + cmdtest.EmptyDatabase(t)
	first, second := t.TempDir(), t.TempDir()
	code, output := start(t, first, database).stop(t, syscall.SIGTERM)
	if path := filepath.Join(first, "data", keyFile); code != 0 || !strings.Contains(output, "needs a copy of "+path) {
		t.Errorf("the first: exit code %d: %s", code, output)
	}
	if code, output := start(t, first, database).stop(t, syscall.SIGTERM); code != 0 || strings.Contains(output, "New keys") {
		t.Errorf("started again: exit code %d: %s", code, output)
	}
	keys := cmdtest.ReadFile(t, filepath.Join(first, "data", keyFile))

	for _, args := range [][]string{{"--listen=127.0.0.1:0"}, {"--listen=127.0.0.1:0", "--sms=webhook:https://example.org/sms"}} {
		wantOutput(t, second, 1, "copy the first server's key file there", append(args, database)...)
	}
	for _, args := range [][]string{{"user", "add", "ann@example.org"}, {"keys", "rotate"}} {
		wantOutput(t, second, 2, "copy the first server's key file there", append(args, database)...)
	}
	if left, err := os.ReadDir(filepath.Join(second, "data")); err != nil || len(left) != 0 {
		t.Errorf("the second created %v, %v", left, err)
	}
	cmdtest.WriteFile(t, filepath.Join(second, "data/keys"), auth.NewKeyring().String())
	for _, args := range [][]string{{"--listen=127.0.0.1:0"}, {"user", "list"}, {"user", "add", "ann@example.org"}, {"keys", "rotate"}} {
		wantOutput(t, second, 1, "do not belong to this database", append(args, database)...)
	}
	cmdtest.WriteFile(t, filepath.Join(second, "data/keys"), keys)
	start(t, second, database).stop(t, syscall.SIGTERM)
	wantOutput(t, second, 0, "EMAIL", "user", "list", database)
}

// TestProgram_PostgresKeysOnceOnly: of two servers that start on an empty database
// at the same time, in separate folders, one creates the keys and the other fails.
func TestProgram_PostgresKeysOnceOnly(t *testing.T) {
	database := "--database=" + cmdtest.EmptyDatabase(t)
	folders := []string{t.TempDir(), t.TempDir()}
	lines := make([]string, len(folders))
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
			lines[i], _ = bufio.NewReader(stderr).ReadString('\n')
			_ = p.Process.Kill()
			_ = p.Wait()
		})
	}
	both.Wait()
	serving, keyFiles := 0, 0
	for i, folder := range folders {
		if ready.MatchString(lines[i]) {
			serving++
		} else if !strings.Contains(lines[i], "copy the first server's key file there") {
			t.Errorf("one printed %q", lines[i])
		}
		if _, err := os.Stat(filepath.Join(folder, "data", keyFile)); err == nil {
			keyFiles++
		}
	}
	if serving != 1 || keyFiles != 1 {
		t.Errorf("%d are serving and %d have keys", serving, keyFiles)
	}
}

// TestProgram_PostgresRefused: errors about a database are one line without the
// password.
func TestProgram_PostgresRefused(t *testing.T) {
	for address, want := range map[string]int{
		"postgres://twostep:hush@127.0.0.1:1/x":             1,
		"postgres://twostep:hush@127.0.0.1/x?sslmode=maybe": 2,
		"postgres://twostep:hu/sh@127.0.0.1/x":              2,
		"mysql://twostep:hush@127.0.0.1/x":                  2,
	} {
		code, output := runToEnd(t, program(t, t.TempDir(), "--listen=127.0.0.1:0", "--database="+address))
		if code != want || strings.Contains(output, "hu") || strings.Count(output, "\n") != 1 {
			t.Errorf("%s: %d, %q", address, code, output)
		}
		if named := strings.Contains(output, "--database (TWOSTEP_DATABASE)"); named != (want == 2) {
			t.Errorf("%s: the flag is named: %v", address, named)
		}
	}
}
