package db

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"twostep/auth"
)

// wantReady checks the cause that Ping returns, empty for none.
func (db testDB) wantReady(t *testing.T, want auth.NotReady) {
	t.Helper()
	err := db.Ping(t.Context())
	cause, _ := errors.AsType[auth.NotReady](err)
	if cause != want || (err == nil) != (want == "") {
		t.Errorf("ping error is %v, want %q", err, want)
	}
}

// wantWritable checks whether a write succeeds.
func (db testDB) wantWritable(t *testing.T, want bool) {
	t.Helper()
	err := db.AddAttempt(t.Context(), set("ann", auth.QueueMessage{Message: message(fmt.Sprint(db.count(t, `SELECT count(*) FROM messages`)))}))
	if (err == nil) != want {
		t.Errorf("write error is %v, want success %v", err, want)
	}
}

// Ping fails while the database has a newer schema or is read-only, and succeeds
// again afterwards without a restart.
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

// alterDatabase returns a command that alters the database.
func (db testDB) alterDatabase(t *testing.T, text string) string {
	t.Helper()
	return `ALTER DATABASE ` + databaseName(t, db.path) + ` ` + text
}

// applySetting changes a setting for all new connections. On SQLite it changes the
// one connection that writes.
func (db testDB) applySetting(t *testing.T, text string) {
	t.Helper()
	if db.kind == "sqlite" {
		db.exec(t, text)
		return
	}
	must(t, startCluster(t).Exec("postgres", text))
	disconnect(t, db.path)
	db.reconnect(t)
}

// reconnect replaces closed connections, each of which may fail one call.
func (db testDB) reconnect(t *testing.T) {
	t.Helper()
	for range 2 * db.Pools()["all"].Max {
		_ = db.Ping(t.Context())
	}
}

func TestPing_Disconnected(t *testing.T) {
	db := openPostgres(t)
	must(t, startCluster(t).Exec("postgres", db.alterDatabase(t, `ALLOW_CONNECTIONS false`)))
	disconnect(t, db.path)
	db.wantReady(t, auth.NotResponding)
	must(t, startCluster(t).Exec("postgres", db.alterDatabase(t, `ALLOW_CONNECTIONS true`)))
	db.reconnect(t)
	db.wantReady(t, "")
}

func TestPools(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		pools := db.Pools()
		names := map[string]string{"sqlite": "[read write]", "postgres": "[all]"}
		if got := fmt.Sprint(slices.Sorted(maps.Keys(pools))); got != names[db.kind] {
			t.Errorf("pools are %s", got)
		}
		for name, p := range pools {
			if p.Max < 1 || p.Open > p.Max || p.InUse > p.Open {
				t.Errorf("%s is %+v", name, p)
			}
		}
	})
}
