package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"twostep/cmd/twostep/internal/cmdtest"
)

// wantOutput runs the program and checks its exit code, a part of its output, and
// that an error is one line.
func wantOutput(t *testing.T, folder string, want int, part string, args ...string) {
	t.Helper()
	p := program(t, folder, args...)
	var out, errs bytes.Buffer
	p.Stdout, p.Stderr = &out, &errs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	timeout := time.AfterFunc(2*time.Minute, func() { p.Process.Kill() }) // in case a server starts
	p.Wait()
	timeout.Stop()
	code, output := p.ProcessState.ExitCode(), out.String()+errs.String()
	if code != want || !strings.Contains(output, part) || want != 0 && strings.Count(output, "\n") != 1 {
		t.Errorf("%s: exit code %d and %q, want %d and %q", strings.Join(args, " "), code, output, want, part)
	}
}

// TestProgram_BackupAndRestore backs up a running server and restores the copy to
// another folder.
func TestProgram_BackupAndRestore(t *testing.T) {
	folder := t.TempDir()
	server := start(t, folder)
	wantOutput(t, folder, 0, "was added", "user", "add", "ann@example.org")
	wantOutput(t, folder, 0, "contains 1 account. The keys are not in it", "backup", "copy")
	wantOutput(t, folder, 1, "copy already exists", "backup", "copy")
	wantOutput(t, folder, 1, "backup failed", "backup", "missing/copy")
	wantOutput(t, folder, 2, "--data", "backup", "--data=nowhere", "copy2")
	wantOutput(t, folder, 2, "pg_dump", "backup", "--database=postgres://ann@127.0.0.1/ann", "copy2")
	wantOutput(t, folder, 2, "pg_restore", "restore", "--database=postgres://ann@127.0.0.1/ann", "copy2")
	wantOutput(t, folder, 1, "a server is already running", "restore", "copy")
	server.stop(t, syscall.SIGTERM)
	wantOutput(t, folder, 1, "already contains data", "restore", "copy")
	if info, err := os.Stat(filepath.Join(folder, "copy")); err != nil || info.Mode() != 0o600 {
		t.Errorf("the backup is %v, %v", info, err)
	}

	wantOutput(t, folder, 1, "the keys of the backup are missing", "restore", "--data=other", "copy")
	whole, err := os.ReadFile(filepath.Join(folder, "copy"))
	if err != nil {
		t.Fatal(err)
	}
	cmdtest.WriteFile(t, filepath.Join(folder, "half"), string(whole[:len(whole)/2]))
	cmdtest.WriteFile(t, filepath.Join(folder, "text"), "hello")
	wantOutput(t, folder, 1, "half written", "restore", "--data=other", "--keys=file:data/keys", "half")
	wantOutput(t, folder, 1, "not an SQLite", "restore", "--data=other", "--keys=file:data/keys", "text")
	wantOutput(t, folder, 1, "no such file", "restore", "--data=other", "--keys=file:data/keys", "missing")
	wantOutput(t, folder, 0, "contains 1 account again", "restore", "--data=other", "--keys=file:data/keys", "copy")
	wantOutput(t, folder, 0, "ann@example.org", "user", "list", "--data=other", "--keys=file:data/keys")
	wantOutput(t, folder, 1, "already contains data", "restore", "--data=other", "--keys=file:data/keys", "copy")
}
