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
func TestOpenPostgres_ThroughPgbouncer(t *testing.T) {
	b, address := pooled(t)
	b.everything(t, "carol", noon)
	allowed := b.race(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
		refused, _, err := s.Allow(ctx, noon, []auth.RateLimit{{Key: "k", Limiter: auth.Window{Max: 7, Per: time.Hour}}})
		return refused < 0, err
	})
	if allowed != 7 {
		t.Errorf("%d tries were allowed, not 7", allowed)
	}
	b.once(t, func(ctx context.Context, s *Store, _ int) (bool, error) {
		return s.SpendTOTPStep(ctx, "carol", 101, auth.ChangeSet{At: noon})
	})
	b.walk(t)
	b.leftNothing(t)

	from := filled(t)
	to := address(databaseName(t, database(t, "template0")))
	must(t, InitPostgres(t.Context(), to, func() (auth.Keyring, error) { return from.keys, nil }))
	must(t, running(t).Exec(databaseName(t, to), `DELETE FROM keyring`))
	c, err := from.copyTo(t, to)
	if err != nil || c.Accounts != 2 {
		t.Errorf("copied %+v, %v", c, err)
	}
}

// pooled is an empty database behind pgbouncer, and the addresses of others.
func pooled(t *testing.T) (b base, address func(database string) string) {
	t.Helper()
	address, err := running(t).StartPgBouncer()
	if errors.Is(err, dbtest.ErrNoPgBouncer) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	must(t, err)
	b = base{kind: "postgres", keys: auth.NewKeyring(), path: address(databaseName(t, database(t, "template0")))}
	b.open = func(ctx context.Context) (*Store, error) { return OpenPostgres(ctx, b.path, b.keys) }
	b.Store = b.again(t)
	return b, address
}

// leftNothing looks at each of the connections that pgbouncer gives to anybody.
func (b base) leftNothing(t *testing.T) {
	t.Helper()
	for range dbtest.PgBouncerConnections { // each holds one of them
		tx, err := b.db.SQL().BeginTx(t.Context(), nil)
		must(t, err)
		defer func() { _ = tx.Rollback() }()
		if statements, _ := b.left(t, tx); statements != 0 {
			t.Errorf("%d prepared statements are left behind", statements)
		}
	}
}
