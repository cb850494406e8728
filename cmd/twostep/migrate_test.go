package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db"
	"twostep/db/dbtest"
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

// TestProgram_MigrateKilled: of a move that was killed nothing stands, and the
// next one moves everything.
func TestProgram_MigrateKilled(t *testing.T) {
	const people = 100
	folder, address := t.TempDir(), emptyDatabase(t)
	start(t, folder, closedMail(t)).stop(t, syscall.SIGTERM)
	store, keys, err := places{data: filepath.Join(folder, "data")}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	var all []auth.ChangeSet
	for n := range people {
		id := auth.UserID(fmt.Sprint("person ", n))
		email := auth.Email{Typed: fmt.Sprint(n, "@example.org"), Key: fmt.Sprint(n, "@example.org")}
		all = append(all, auth.ChangeSet{User: id, Changes: []auth.Change{
			auth.AddUser{User: auth.User{ID: id, Email: email, PasswordHash: "of none"}, CreatedAt: now},
			auth.RecordEvent{Event: auth.Event{ID: string(id), User: id, At: now, Type: auth.SignedUp}},
		}})
	}
	if err := errors.Join(dbtest.AddAccounts(t.Context(), filepath.Join(folder, "data", "twostep.db"), keys, all), store.Close()); err != nil {
		t.Fatal(err)
	}
	words := []string{"migrate", "--from=sqlite", "--to=" + address}
	p := program(t, folder, words...)
	p.Stderr = fullPipe(t) // it waits for ever to say how far it is
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; {
		if err = inCopy(address); err == nil {
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
	say(t, folder, 0, many(people, "account"), words...)
	if there, err := db.InspectPostgres(t.Context(), address, keys); err != nil || there.Accounts != people || there.KeyringErr != nil {
		t.Errorf("%d accounts were moved, %v, %v", there.Accounts, there.KeyringErr, err)
	}
}

// fullPipe is a pipe that takes nothing more and that nobody reads.
func fullPipe(t *testing.T) *os.File {
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
			_, full = syscall.Write(int(fd), []byte("\n")) // by bytes: else room is left for less
		}
		return true
	})
	if err != nil || !errors.Is(full, syscall.EAGAIN) {
		t.Fatal(err, full)
	}
	return in
}

// inCopy answers nil while somebody fills a database and has begun with the
// accounts.
func inCopy(address string) error {
	at, err := url.Parse(address)
	if err != nil {
		return err
	}
	return postgres.cluster.Exec(strings.TrimPrefix(at.Path, "/"), `
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
		code, said := ends(t, program(t, folder, append([]string{"migrate"}, args...)...))
		if code != 2 || strings.Count(said, "\n") != 1 || strings.Contains(said, "hush") {
			t.Errorf("%v: exit code %d and %q", args, code, said)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("they have made %v, %v", left, err)
	}
}
