package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// say runs a word of the program and checks its exit code, that a refusal is
// one line, and a part of what it says.
func say(t *testing.T, folder string, want int, part string, args ...string) {
	t.Helper()
	p := program(t, folder, args...)
	var out, errs bytes.Buffer
	p.Stdout, p.Stderr = &out, &errs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	tooLong := time.AfterFunc(2*time.Minute, func() { p.Process.Kill() }) // a server that should have refused to start
	p.Wait()
	tooLong.Stop()
	code, said := p.ProcessState.ExitCode(), out.String()+errs.String()
	if code != want || !strings.Contains(said, part) || want != 0 && strings.Count(said, "\n") != 1 {
		t.Errorf("%s: exit code %d and %q, want %d and %q", strings.Join(args, " "), code, said, want, part)
	}
}

// TestProgram_BackupAndRestore walks from a running server to another place.
func TestProgram_BackupAndRestore(t *testing.T) {
	folder := t.TempDir()
	server := start(t, folder)
	say(t, folder, 0, "has an account", "user", "add", "ann@example.org")
	say(t, folder, 0, "holds 1 account. The keys are not in it", "backup", "copy")
	say(t, folder, 1, "copy exists", "backup", "copy")
	say(t, folder, 1, "no backup was made", "backup", "missing/copy")
	say(t, folder, 2, "--data", "backup", "--data=nowhere", "copy2")
	say(t, folder, 2, "pg_dump", "backup", "--database=postgres://ann@127.0.0.1/ann", "copy2")
	say(t, folder, 2, "pg_restore", "restore", "--database=postgres://ann@127.0.0.1/ann", "copy2")
	say(t, folder, 1, "a server runs", "restore", "copy")
	server.stop(t, syscall.SIGTERM)
	say(t, folder, 1, "there are data", "restore", "copy")
	if info, err := os.Stat(filepath.Join(folder, "copy")); err != nil || info.Mode() != 0o600 {
		t.Errorf("the backup is %v, %v", info, err)
	}

	say(t, folder, 1, "keys are missing", "restore", "--data=other", "copy")
	whole, err := os.ReadFile(filepath.Join(folder, "copy"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, folder, "half", whole[:len(whole)/2])
	put(t, folder, "text", []byte("hello"))
	say(t, folder, 1, "half written", "restore", "--data=other", "--keys=file:data/keys", "half")
	say(t, folder, 1, "not an SQLite", "restore", "--data=other", "--keys=file:data/keys", "text")
	say(t, folder, 1, "no such file", "restore", "--data=other", "--keys=file:data/keys", "missing")
	say(t, folder, 0, "holds 1 account again", "restore", "--data=other", "--keys=file:data/keys", "copy")
	say(t, folder, 0, "ann@example.org", "user", "list", "--data=other", "--keys=file:data/keys")
	say(t, folder, 1, "there are data", "restore", "--data=other", "--keys=file:data/keys", "copy")
}

func put(t *testing.T, folder, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}
