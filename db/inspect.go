package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"twostep/auth"
)

// A Inspection is how a database stands.
type Inspection struct {
	Accounts int
	Version  int64     // of the last migration that was carried out
	Newest   int64     // migration that this program knows
	LastSeen time.Time // when somebody signed in was here last; zero for nobody
	KeyringErr    error     // why the keys do not open what is sealed, or nil
}

// InspectSQLite looks at the database at path and changes nothing, its version
// included.
func InspectSQLite(ctx context.Context, path string, keys auth.Keyring) (Inspection, error) {
	if err := checkHeader(path); err != nil {
		return Inspection{}, err
	}
	file, err := openReading(path)
	if err != nil {
		return Inspection{}, err
	}
	c, err := inspect(ctx, Statements{viaSQL{file}}, keys, "migrations/sqlite")
	return c, errors.Join(err, file.Close())
}

// InspectPostgres looks at the database at an address, see [OpenPostgres], or
// answers [ErrNotInitialized].
func InspectPostgres(ctx context.Context, address string, keys auth.Keyring) (Inspection, error) {
	config, err := parsePostgres(address)
	if err != nil {
		return Inspection{}, err
	}
	server := stdlib.OpenDB(*config)
	defer server.Close()
	if err := checkPostgres(ctx, server); err != nil {
		return Inspection{}, plainly(config, err)
	}
	p := newPlainPool(server)
	if begun, err := begun(ctx, p.Statements); err == nil && !begun {
		return Inspection{}, ErrNotInitialized
	}
	c, err := inspect(ctx, p.Statements, keys, "migrations/postgres")
	if err != nil {
		err = plainly(config, err)
	}
	return c, err
}

func inspect(ctx context.Context, on Statements, keys auth.Keyring, migrationsIn string) (c Inspection, err error) {
	if c.Newest, err = newestMigration(migrationsIn); err != nil {
		return c, err
	}
	for _, look := range []struct {
		row   Row
		query string
	}{
		{Row{&c.Version}, `SELECT COALESCE(max(version_id), 0) FROM goose_db_version`},
		{Row{&c.Accounts}, `SELECT count(*) FROM users`},
		{Row{Time(&c.LastSeen)}, `SELECT max(seen_at) FROM sessions`},
	} {
		if err := on.Find(ctx, look.row, look.query); err != nil {
			return c, fmt.Errorf("it does not hold what it should: %w", err)
		}
	}
	columns := sealedColumns
	if c.Version < c.Newest {
		columns = slices.DeleteFunc(slices.Clone(columns), func(column sealedColumn) bool { return !column.stands(ctx, on) })
	}
	c.KeyringErr = checkSeals(ctx, on, sealer{keys: keys}, columns)
	return c, nil
}

func newestMigration(folder string) (newest int64, err error) {
	files, err := fs.ReadDir(migrations, folder)
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		number, err := goose.NumericComponent(file.Name())
		if err != nil {
			return 0, err
		}
		newest = max(newest, number)
	}
	return newest, nil
}
