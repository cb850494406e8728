package db

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"twostep/auth"
)

// A database of the first version keeps what stands in it.
func TestMigrate_FromFirst(t *testing.T) {
	b := base{path: filepath.Join(t.TempDir(), "twostep.db"), keys: auth.NewKeyring()}
	b.open = func(ctx context.Context) (*Store, error) { return OpenSQLite(ctx, b.path, b.keys) }
	p, err := openSQLiteWriter(t.Context(), b.path)
	must(t, err)
	files, err := fs.Sub(migrations, "migrations/sqlite")
	must(t, err)
	steps, err := goose.NewProvider(goose.DialectSQLite3, p.db, files, goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = steps.UpTo(t.Context(), 1)
	must(t, err)
	_, err = p.db.ExecContext(t.Context(), `
		INSERT INTO users VALUES ('ann', 'Aann@example.org', 'aann@example.org', 'hash of ann', $1);
		INSERT INTO sessions VALUES ('s1', 'handle of s1', 'ann', $1, $1, $1, NULL, '192.0.2.1', 'a browser');
		INSERT INTO attempts VALUES ('a1', 'sign_in', 'ann', 'ann@example.org', '', '', '', '/account', $2);
		INSERT INTO attempt_proofs VALUES ('a1', 0, 'password', $1);
		INSERT INTO tries VALUES ('failures/totp/ann', 7, $1, NULL), ('plain', 1, $1, NULL), ('send/hour/a/b', 1, $1, NULL)`,
		Millis(noon), Millis(noon.Add(time.Hour)))
	must(t, err)
	waits, gone := message("m1"), message("m2")
	plain, err := json.Marshal(waits)
	must(t, err)
	sealed, err := sealer{keys: b.keys}.seal(messageBody(waits.ID), plain)
	must(t, err)
	_, err = p.db.ExecContext(t.Context(), `INSERT INTO messages VALUES ($1, $2, $3, 2, NULL, $4), ($5, $2, $3, 0, $2, NULL)`,
		waits.ID, Millis(noon), Millis(waits.ExpiresAt), sealed, gone.ID)
	must(t, err)
	must(t, p.close())

	b.Store = b.again(t)
	want := session("ann", "s1").Session
	want.Email = "Aann@example.org"
	if got, err := b.FindSession(t.Context(), "handle of s1"); err != nil || got != want {
		t.Errorf("the session is %+v, %v", got, err)
	}
	if got, err := b.FindUser(t.Context(), "ann"); err != nil || got != user("ann") {
		t.Errorf("the account is %+v, %v", got, err)
	}
	if n := b.count(t, `SELECT count(*) FROM users WHERE password_hash = '' AND password_sealed IS NOT NULL`); n != 1 {
		t.Error("the hash of the password is not sealed")
	}
	if got, err := b.FindAttempt(t.Context(), "a1", noon); err != nil || got.Session != "" || len(got.Verified) != 1 {
		t.Errorf("the attempt is %+v, %v", got, err)
	}
	for owner, want := range map[string]int{"ann": 7, "plain": 1, "b": 1} {
		if n := b.count(t, `SELECT n FROM tries WHERE owner = $1`, owner); n != want {
			t.Errorf("%s has %d tries, not %d", owner, n, want)
		}
	}
	waits.Failures = 2
	if got, err := b.ClaimMessages(t.Context(), auth.ByEmail, noon, noon.Add(time.Minute), furthest, 9); err != nil || !reflect.DeepEqual(got, []auth.Message{waits}) {
		t.Errorf("the messages that wait are %+v, %v", got, err)
	}
	if n := b.count(t, `SELECT count(*) FROM messages WHERE sent_at = $1`, Millis(noon)); n != 1 {
		t.Error("that a message was sent is forgotten")
	}
	removed, err := b.RemoveUser(t.Context(), "ann", auth.ChangeSet{At: noon})
	wantTrue(t, removed, err)
	wantTables(t, b.tables(t), map[string]int{"sessions": 0, "attempts": 0, "tries": 2})
}

// The same of PostgreSQL: what waited is sent, what was sent is known.
func TestMigrate_FromFirstOfPostgres(t *testing.T) {
	b := base{path: database(t, "template1"), keys: auth.NewKeyring()}
	b.open = func(ctx context.Context) (*Store, error) { return OpenPostgres(ctx, b.path, b.keys) }
	config, err := parsePostgres(b.path)
	must(t, err)
	first := stdlib.OpenDB(*config)
	files, err := fs.Sub(migrations, "migrations/postgres")
	must(t, err)
	steps, err := goose.NewProvider(goose.DialectPostgres, first, files, goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = steps.UpTo(t.Context(), 1)
	must(t, err)
	waits := message("m1")
	plain, err := json.Marshal(waits)
	must(t, err)
	sealed, err := sealer{keys: b.keys}.seal(messageBody(waits.ID), plain)
	must(t, err)
	_, err = first.ExecContext(t.Context(), `INSERT INTO messages VALUES ($1, $2, $3, 0, NULL, $4), ('m2', $2, $3, 0, $2, NULL)`,
		waits.ID, Millis(noon), Millis(waits.ExpiresAt), sealed)
	must(t, errors.Join(err, first.Close()))

	b.Store = b.again(t)
	if got, err := b.ClaimMessages(t.Context(), auth.ByEmail, noon, noon.Add(time.Minute), furthest, 9); err != nil || !reflect.DeepEqual(got, []auth.Message{waits}) {
		t.Errorf("the messages that wait are %+v, %v", got, err)
	}
	if n := b.count(t, `SELECT count(*) FROM messages WHERE sent_at = $1`, Millis(noon)); n != 1 {
		t.Error("that a message was sent is forgotten")
	}
}
