package db

import (
	"errors"
	"fmt"
	"testing"

	"twostep/auth"
)

// wantReady checks what a store says of itself; empty for ready.
func (db testDB) wantReady(t *testing.T, want auth.NotReady) {
	t.Helper()
	err := db.Ping(t.Context())
	why, _ := errors.AsType[auth.NotReady](err)
	if why != want || (err == nil) != (want == "") {
		t.Errorf("it says %v, want %q", err, want)
	}
}

// wantWritten writes, and checks whether it may.
func (db testDB) wantWritable(t *testing.T, want bool) {
	t.Helper()
	err := db.AddAttempt(t.Context(), set("ann", auth.QueueMessage{Message: message(fmt.Sprint(db.count(t, `SELECT count(*) FROM messages`)))}))
	if (err == nil) != want {
		t.Errorf("written: %v", err)
	}
}

// While the database is away, read-only or newer, the store says so, and is
// ready again by itself.
func TestPing(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.wantReady(t, "")
		db.exec(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
		db.wantReady(t, auth.NewerSchema)
		db.exec(t, `DELETE FROM schema_migrations WHERE version = 9999`)
		db.wantReady(t, "")

		readOnly, writable := `PRAGMA query_only = 1`, `PRAGMA query_only = 0`
		if db.kind == "postgres" {
			readOnly, writable = db.alterDatabase(t, `SET default_transaction_read_only = on`), db.alterDatabase(t, `RESET default_transaction_read_only`)
		}
		db.applySetting(t, readOnly)
		db.wantWritable(t, false)
		db.wantReady(t, auth.ReadOnly)
		db.applySetting(t, writable)
		db.wantReady(t, "")
		db.wantWritable(t, true)
	})
}

// setting is how a setting of the whole database is made.
func (db testDB) alterDatabase(t *testing.T, text string) string {
	t.Helper()
	return `ALTER DATABASE ` + databaseName(t, db.path) + ` ` + text
}

// set makes a setting, which every connection gets that is opened from now on;
// of SQLite it is that of the one connection that writes.
func (db testDB) applySetting(t *testing.T, text string) {
	t.Helper()
	if db.kind == "sqlite" {
		db.exec(t, text)
		return
	}
	db.disconnect(t, text)
	db.reconnect(t)
}

// heal uses up the dead connections, each of which may fail one call.
func (db testDB) reconnect(t *testing.T) {
	t.Helper()
	for range 2 * db.Pools()["all"].Max {
		_ = db.Ping(t.Context())
	}
}

// away carries out a change of a database of PostgreSQL and ends its connections.
func (db testDB) disconnect(t *testing.T, text string) {
	t.Helper()
	must(t, startCluster(t).Exec("postgres", text+`; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+databaseName(t, db.path)+`'`))
}

func TestPing_Disconnected(t *testing.T) {
	db := openPostgres(t)
	name := databaseName(t, db.path)
	db.disconnect(t, `ALTER DATABASE `+name+` ALLOW_CONNECTIONS false`)
	db.wantReady(t, auth.NotResponding)
	must(t, startCluster(t).Exec("postgres", `ALTER DATABASE `+name+` ALLOW_CONNECTIONS true`))
	db.reconnect(t)
	db.wantReady(t, "")
}

func TestPools(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		pools := db.Pools()
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
