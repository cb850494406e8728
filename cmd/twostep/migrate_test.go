package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/cmdtest"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/db"
	"twostep/db/dbtest"
)

// TestProgram_Migrate moves from a server on SQLite to two on PostgreSQL.
func TestProgram_Migrate(t *testing.T) {
	folder, address := t.TempDir(), cmdtest.EmptyDatabase(t)
	args := []string{"migrate", "--from=sqlite", "--to=" + address}
	wantOutput(t, folder, 2, "there is no data", args...)
	first := start(t, folder, unreachableMail(t))
	wantOutput(t, folder, 0, "was added", "user", "add", "ann@example.org") // its mail is queued, encrypted
	wantOutput(t, folder, 1, "a server is already running", args...)
	first.stop(t, syscall.SIGTERM)
	path, moved := filepath.Join(folder, "data", keyFile), filepath.Join(folder, "away")
	cmdtest.Rename(t, path, moved)
	wantOutput(t, folder, 1, "put the key file back", args...)
	cmdtest.Rename(t, moved, path)

	wantOutput(t, folder, 1, "nothing was copied: no PostgreSQL server answers", "migrate", "--from=sqlite", "--to=postgres://ann@127.0.0.1:1/x")

	t.Chdir(folder)
	before := cmdtest.Snapshot(t)
	p := program(t, folder, args...)
	p.Env = append(p.Env, "TWOSTEP_DATABASE=postgres://nobody@127.0.0.1:1/other")
	output, err := p.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "Copied: 100 %") || !strings.Contains(string(output), "1 account, and ") {
		t.Fatalf("%v: %s", err, output)
	}
	if after := cmdtest.Snapshot(t); after != before {
		t.Errorf("the source changed from\n%sto\n%s", before, after)
	}
	wantOutput(t, folder, 1, "holds data already, accounts among them", args...)

	database, second := "--database="+address, t.TempDir()
	nodes := []server{start(t, folder, database), start(t, second, database, "--keys=file:"+path)}
	wantOutput(t, second, 0, "ann@example.org", "user", "list", database, "--keys=file:"+path)
	for _, node := range nodes {
		if code, output := node.stop(t, syscall.SIGTERM); code != 0 || strings.Contains(output, "New keys") {
			t.Errorf("stopped with %d: %s", code, output)
		}
	}
}

// TestProgram_MigrateKilled: a migration that was killed leaves nothing, and the
// next one copies everything.
func TestProgram_MigrateKilled(t *testing.T) {
	const people = 100
	folder, address := t.TempDir(), cmdtest.EmptyDatabase(t)
	start(t, folder, unreachableMail(t)).stop(t, syscall.SIGTERM)
	store, keys, err := datadir.Dir{Path: filepath.Join(folder, "data")}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	var all []auth.ChangeSet
	for n := range people {
		id := auth.UserID(fmt.Sprint("person ", n))
		email := auth.Email{Typed: fmt.Sprint(n, "@example.org"), Key: fmt.Sprint(n, "@example.org")}
		all = append(all, auth.ChangeSet{User: id, Changes: []auth.Change{
			auth.AddUser{User: auth.User{ID: id, Email: email, PasswordHash: "none", PasskeyHandle: auth.NewPasskeyHandle()}, CreatedAt: now},
			auth.RecordEvent{Event: auth.Event{ID: string(id), User: id, At: now, Type: auth.SignedUp}},
		}})
	}
	if err := errors.Join(store.Close(), dbtest.AddAccounts(t.Context(), filepath.Join(folder, "data", "twostep.db"), keys, all)); err != nil {
		t.Fatal(err)
	}
	args := []string{"migrate", "--from=sqlite", "--to=" + address}
	p := program(t, folder, args...)
	p.Stderr = newFullPipe(t) // blocks on printing its progress
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; {
		if err = isCopying(address); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	_ = p.Process.Kill()
	_ = p.Wait()
	if there, err := db.InspectPostgres(t.Context(), address, keys); err != nil || there.Accounts != 0 {
		t.Errorf("%d accounts are left, %v", there.Accounts, err)
	}
	wantOutput(t, folder, 0, cli.Plural(people, "account"), args...)
	if there, err := db.InspectPostgres(t.Context(), address, keys); err != nil || there.Accounts != people || there.KeyringErr != nil {
		t.Errorf("%d accounts were copied, %v, %v", there.Accounts, there.KeyringErr, err)
	}
}

// newFullPipe returns a full pipe that nobody reads.
func newFullPipe(t *testing.T) *os.File {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = out.Close(), in.Close() })
	raw, err := in.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var full error
	err = raw.Write(func(fd uintptr) bool {
		for full == nil || errors.Is(full, syscall.EINTR) {
			_, full = syscall.Write(int(fd), []byte("\n")) // byte by byte, to leave no space
		}
		return true
	})
	if err != nil || !errors.Is(full, syscall.EAGAIN) {
		t.Fatal(err, full)
	}
	return in
}

// isCopying returns nil while the accounts are copied to a database.
func isCopying(address string) error {
	return cmdtest.RunSQL(address, `
		DO $$ BEGIN
			ASSERT EXISTS (
				SELECT 1
				FROM pg_stat_activity
				WHERE datname = current_database() AND state = 'idle in transaction' AND query ILIKE 'COPY%users%'
			), 'no copy is under way';
		END $$`)
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
		code, output := runToEnd(t, program(t, folder, append([]string{"migrate"}, args...)...))
		if code != 2 || strings.Count(output, "\n") != 1 || strings.Contains(output, "hush") {
			t.Errorf("%v: exit code %d and %q", args, code, output)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("they created %v, %v", left, err)
	}
}
