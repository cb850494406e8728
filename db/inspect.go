package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
	"twostep/db/internal/seal"
)

// An Inspection is the state of a database.
type Inspection struct {
	Accounts   int
	Version    int64          // of the last migration that was applied
	Newest     int64          // migration that this program knows
	LastSeen   time.Time      // of any session; zero for none
	LastStep   int64          // of any authenticator app, as in [auth.Store.SpendTOTPStep]; zero for none
	SignsSince time.Time      // when the older of the keys began to sign that nothing replaces yet; zero if there is none
	Passkeys   map[string]int // by the domain that they were made for
	KeyringErr error          // why the keys do not decrypt the sealed values, or nil
}

// InspectSQLite inspects the database at path without changing or migrating it.
func InspectSQLite(ctx context.Context, path string, keys auth.Keyring) (Inspection, error) {
	file, err := engine.ReadSQLite(path)
	if err != nil {
		return Inspection{}, err
	}
	on := engine.On(file)
	version, newest, err := engine.SQLiteVersion(ctx, on, migrationsOf("sqlite"))
	if err == nil && version == 0 {
		err = errForeign
	}
	var found Inspection
	if err == nil {
		found, err = inspect(ctx, on, keys, version, newest)
	}
	return found, errors.Join(err, file.Close())
}

// InspectPostgres inspects the database at a URL, see [OpenPostgres], or returns
// [ErrNotInitialized].
func InspectPostgres(ctx context.Context, url string, keys auth.Keyring) (Inspection, error) {
	db, err := engine.ConnectPostgres(ctx, url, migrationsOf("postgres"))
	if err != nil {
		return Inspection{}, err
	}
	defer db.Close()
	version, err := db.Version(ctx)
	if err != nil {
		return Inspection{}, db.Explain(err)
	}
	if version == 0 {
		return Inspection{}, ErrNotInitialized
	}
	found, err := inspect(ctx, db.Statements, keys, version, db.Newest())
	if err != nil {
		err = db.Explain(err)
	}
	return found, err
}

func inspect(ctx context.Context, on engine.Statements, keys auth.Keyring, version, newest int64) (Inspection, error) {
	found := Inspection{Version: version, Newest: newest}
	for _, look := range []struct {
		row   engine.Row
		query string
	}{
		{engine.Row{&found.Accounts}, `SELECT count(*) FROM users`},
		{engine.Row{engine.Time(&found.LastSeen)}, `SELECT max(seen_at) FROM sessions`},
		{engine.Row{&found.LastStep}, `SELECT COALESCE(max(last_step), 0) FROM totp`},
		{engine.Row{engine.Time(&found.SignsSince)}, `SELECT min(signs_from) FROM signing_keys WHERE retired_at IS NULL`},
	} {
		if err := on.Find(ctx, look.row, look.query); err != nil {
			return found, fmt.Errorf("%w: %w", errForeign, err)
		}
	}
	var domain string
	var n int
	found.Passkeys = map[string]int{}
	err := on.Each(ctx, engine.Row{&domain, &n}, func() { found.Passkeys[domain] = n }, `SELECT rp_id, count(*) FROM passkeys GROUP BY rp_id`)
	if err != nil {
		return found, fmt.Errorf("%w: %w", errForeign, err)
	}
	columns := slices.DeleteFunc(slices.Clone(sealedColumns), func(column sealedColumn) bool { return !column.exists(ctx, on) })
	_, _, found.KeyringErr = openExamples(ctx, on, seal.Sealer{Keys: keys}, columns)
	return found, nil
}
