package db

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db/dbtest"
)

// In pgbouncer's transaction mode, each transaction may run on another connection,
// shared with other clients. Migrations, all queries and concurrent calls still
// work.
func TestOpenPostgres_PgBouncer(t *testing.T) {
	db, url := openPgBouncer(t)
	db.addEverything(t, "carol", noon)
	allowed := db.race(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
		refused, _, err := s.Allow(ctx, noon, []auth.RateLimit{{Key: "k", Limiter: auth.Window{Max: 7, Per: time.Hour}}})
		return refused < 0, err
	})
	if allowed != 7 {
		t.Errorf("%d requests were allowed, want 7", allowed)
	}
	db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
		return s.SpendTOTPStep(ctx, "carol", 101, auth.ChangeSet{At: noon})
	})
	db.runAllQueries(t)
	db.wantNoSessionState(t)

	from := newCopySource(t)
	to := url(databaseName(t, newDatabase(t, "template0")))
	must(t, InitPostgres(t.Context(), to, func() (auth.Keyring, error) { return from.keys, nil }))
	must(t, startCluster(t).Exec(databaseName(t, to), `DELETE FROM keyring`))
	c, err := from.copyTo(t, to)
	if err != nil || c.Accounts != 2 {
		t.Errorf("copied %+v, %v", c, err)
	}
}

// openPgBouncer opens an empty database through pgbouncer. url returns the URLs of
// other databases.
func openPgBouncer(t *testing.T) (db testDB, url func(database string) string) {
	t.Helper()
	url, err := startCluster(t).StartPgBouncer()
	if errors.Is(err, dbtest.ErrNoPgBouncer) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	must(t, err)
	return openPostgresURL(t, url(databaseName(t, newDatabase(t, "template0"))), auth.NewKeyring()), url
}

// wantNoSessionState checks each of pgbouncer's connections to the server.
func (db testDB) wantNoSessionState(t *testing.T) {
	t.Helper()
	for range dbtest.PgBouncerConnections { // each transaction holds one of them
		tx, err := db.db.SQL().BeginTx(t.Context(), nil)
		must(t, err)
		defer func() { _ = tx.Rollback() }()
		if statements, _ := db.sessionState(t, tx); statements != 0 {
			t.Errorf("%d prepared statements left behind", statements)
		}
	}
}
