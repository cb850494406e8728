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

// Through pgbouncer in transaction mode each transaction runs on any
// connection, with others of other visitors before and after it: migrations,
// every query, and races come out the same.
func TestOpenPostgres_PgBouncer(t *testing.T) {
	db, address := openPgBouncer(t)
	db.addEverything(t, "carol", noon)
	allowed := db.race(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
		refused, _, err := s.Allow(ctx, noon, []auth.RateLimit{{Key: "k", Limiter: auth.Window{Max: 7, Per: time.Hour}}})
		return refused < 0, err
	})
	if allowed != 7 {
		t.Errorf("%d tries were allowed, not 7", allowed)
	}
	db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
		return s.SpendTOTPStep(ctx, "carol", 101, auth.ChangeSet{At: noon})
	})
	db.runAllQueries(t)
	db.wantNoSessionState(t)

	from := newCopySource(t)
	to := address(databaseName(t, newDatabase(t, "template0")))
	must(t, InitPostgres(t.Context(), to, func() (auth.Keyring, error) { return from.keys, nil }))
	must(t, startCluster(t).Exec(databaseName(t, to), `DELETE FROM keyring`))
	c, err := from.copyTo(t, to)
	if err != nil || c.Accounts != 2 {
		t.Errorf("copied %+v, %v", c, err)
	}
}

// pooled is an empty database behind pgbouncer, and the addresses of others.
func openPgBouncer(t *testing.T) (db testDB, address func(database string) string) {
	t.Helper()
	address, err := startCluster(t).StartPgBouncer()
	if errors.Is(err, dbtest.ErrNoPgBouncer) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	must(t, err)
	db = testDB{kind: "postgres", keys: auth.NewKeyring(), path: address(databaseName(t, newDatabase(t, "template0")))}
	db.open = func(ctx context.Context) (*Store, error) { return OpenPostgres(ctx, db.path, db.keys) }
	db.Store = db.reopen(t)
	return db, address
}

// leftNothing looks at each of the connections that pgbouncer gives to anybody.
func (db testDB) wantNoSessionState(t *testing.T) {
	t.Helper()
	for range dbtest.PgBouncerConnections { // each holds one of them
		tx, err := db.db.SQL().BeginTx(t.Context(), nil)
		must(t, err)
		defer func() { _ = tx.Rollback() }()
		if statements, _ := db.sessionState(t, tx); statements != 0 {
			t.Errorf("%d prepared statements are left behind", statements)
		}
	}
}
