package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"twostep/auth"
)

// copied lists every table but goose's own, each behind those it hangs on.
var copied = []string{
	"ring", "users", "known_browsers", "activity", "notice_addresses", "address_enrolments",
	"totp", "phones", "backup_code_sets", "backup_codes",
	"sessions", "attempts", "attempt_proofs", "totp_enrolments", "phone_enrolments",
	"sent_codes", "tries", "messages",
}

// A Copy says what was copied.
type Copy struct{ Accounts, Rows, Tables int }

// What keeps a copy from being made, or its end from being known.
var (
	ErrNotEmpty    = errors.New("the PostgreSQL database holds data already")
	ErrUnconfirmed = errors.New("the connection was lost at the very end, so it is not known whether the data are there")
)

// CopyToPostgres copies all that stands in the SQLite database at path to an
// empty PostgreSQL database, in one transaction: it stands there whole, counted
// and opened with the keys, or not at all. The file is only read, at one moment;
// one of an older version is copied and the copy brought forward first. progress
// is told how many rows of all are done.
func CopyToPostgres(ctx context.Context, path, address string, keys auth.Keyring, progress func(done, all int)) (c Copy, err error) {
	config, err := parsePostgres(address)
	if err != nil {
		return c, fmt.Errorf("open the database: the address %w", err)
	}
	if err := checkUnused(ctx, config); err != nil {
		return c, err
	}
	path, remove, err := currentSQLite(ctx, path, keys)
	if err != nil {
		return c, err
	}
	defer remove()
	from, err := openReading(path)
	if err != nil {
		return c, err
	}
	defer from.Close()
	moment, err := from.BeginTx(ctx, nil)
	if err != nil {
		return c, err
	}
	defer moment.Rollback()
	to, err := OpenPostgres(ctx, address, keys)
	if err != nil {
		return c, err
	}
	f := filling{from: Statements{viaSQL{moment}}, source: moment, seals: to.seals, progress: progress}
	if err := errors.Join(f.fill(ctx, to.writer.db), to.Close()); err != nil {
		return c, plainly(config, err)
	}
	return Copy{Accounts: f.counts["users"], Rows: f.all, Tables: len(copied)}, nil
}

// checkUnused refuses a database with accounts before its version is looked at:
// it is somebody's.
func checkUnused(ctx context.Context, config *pgx.ConnConfig) error {
	server := stdlib.OpenDB(*config)
	defer server.Close()
	var made, used bool
	p := newPlainPool(server)
	err := checkPostgres(ctx, server)
	if err == nil {
		err = p.Find(ctx, Row{&made}, `SELECT to_regclass('users') IS NOT NULL`)
	}
	if err == nil && made {
		err = p.Find(ctx, Row{&used}, `SELECT EXISTS (SELECT 1 FROM users)`)
	}
	if err == nil && used {
		return fmt.Errorf("%w, accounts among them", ErrNotEmpty)
	}
	return plainly(config, err)
}

// currentSQLite answers where the content of a database stands in this
// program's version, which may be a file to be removed afterwards.
func currentSQLite(ctx context.Context, path string, keys auth.Keyring) (current string, remove func(), err error) {
	c, err := InspectSQLite(ctx, path, keys)
	switch {
	case err != nil:
		return "", nil, err
	case c.Version > c.Newest:
		return "", nil, errNewer(c.Version, c.Newest)
	case c.KeyringErr != nil:
		return "", nil, fmt.Errorf("the keys are not those of the data: %w", c.KeyringErr)
	case c.Version == c.Newest:
		return path, func() {}, nil
	}
	draft, err := draftBeside(path)
	if err != nil {
		return "", nil, err
	}
	remove = func() { removeDraft(draft) }
	if err = vacuumInto(ctx, path, draft); err == nil {
		err = checkKeys(ctx, draft, keys)
	}
	if err != nil {
		remove()
		return "", nil, err
	}
	return draft, remove, nil
}
