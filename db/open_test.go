package db

import (
	"errors"
	"fmt"
	"testing"

	"twostep/auth"
)

// wantReady checks what a store says of itself; empty for ready.
func (b base) wantReady(t *testing.T, want auth.NotReady) {
	t.Helper()
	err := b.Ping(t.Context())
	why, _ := errors.AsType[auth.NotReady](err)
	if why != want || (err == nil) != (want == "") {
		t.Errorf("it says %v, want %q", err, want)
	}
}

// wantWritten writes, and checks whether it may.
func (b base) wantWritten(t *testing.T, want bool) {
	t.Helper()
	err := b.AddAttempt(t.Context(), set("ann", auth.QueueMessage{Message: message(fmt.Sprint(b.count(t, `SELECT count(*) FROM messages`)))}))
	if (err == nil) != want {
		t.Errorf("written: %v", err)
	}
}

// While the database is away, read-only or newer, the store says so, and is
// ready again by itself.
func TestPing(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.wantReady(t, "")
		b.change(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
		b.wantReady(t, auth.NewerSchema)
		b.change(t, `DELETE FROM schema_migrations WHERE version = 9999`)
		b.wantReady(t, "")

		readOnly, writable := `PRAGMA query_only = 1`, `PRAGMA query_only = 0`
		if b.kind == "postgres" {
			readOnly, writable = b.setting(t, `SET default_transaction_read_only = on`), b.setting(t, `RESET default_transaction_read_only`)
		}
		b.set(t, readOnly)
		b.wantWritten(t, false)
		b.wantReady(t, auth.ReadOnly)
		b.set(t, writable)
		b.wantReady(t, "")
		b.wantWritten(t, true)
	})
}

// setting is how a setting of the whole database is made.
func (b base) setting(t *testing.T, text string) string {
	t.Helper()
	return `ALTER DATABASE ` + databaseName(t, b.path) + ` ` + text
}

// set makes a setting, which every connection gets that is opened from now on;
// of SQLite it is that of the one connection that writes.
func (b base) set(t *testing.T, text string) {
	t.Helper()
	if b.kind == "sqlite" {
		b.change(t, text)
		return
	}
	b.away(t, text)
	b.heal(t)
}

// heal uses up the dead connections, each of which may fail one call.
func (b base) heal(t *testing.T) {
	t.Helper()
	for range 2 * b.Pools()["all"].Max {
		_ = b.Ping(t.Context())
	}
}

// away carries out a change of a database of PostgreSQL and ends its connections.
func (b base) away(t *testing.T, text string) {
	t.Helper()
	must(t, running(t).Exec("postgres", text+`; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+databaseName(t, b.path)+`'`))
}

func TestPing_Away(t *testing.T) {
	b := openPostgres(t)
	name := databaseName(t, b.path)
	b.away(t, `ALTER DATABASE `+name+` ALLOW_CONNECTIONS false`)
	b.wantReady(t, auth.NotResponding)
	must(t, running(t).Exec("postgres", `ALTER DATABASE `+name+` ALLOW_CONNECTIONS true`))
	b.heal(t)
	b.wantReady(t, "")
}

func TestPools(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		pools := b.Pools()
		if len(pools) == 0 {
			t.Error("there is no pool")
		}
		for name, p := range pools {
			if p.Max < 1 || p.Open > p.Max || p.InUse > p.Open {
				t.Errorf("%s is %+v", name, p)
			}
		}
	})
}
