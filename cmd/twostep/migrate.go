package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"twostep/db"
)

// migrate moves a site to another database. The source is only read.
type migrate struct {
	home
	From string `required:"" enum:"sqlite" placeholder:"sqlite" help:"What to move from: sqlite, the file in the data folder."`
	To   string `required:"" env:"TWOSTEP_TO" placeholder:"ADDRESS" help:"Empty PostgreSQL database to move to, as postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full. The variable keeps the password from lists of processes."`
}

// Run copies everything, or nothing. The server must be stopped: what it would
// write meanwhile, such as that a code was spent, would stay behind.
func (m *migrate) Run(t terminal) (err error) {
	var bad error
	where := m.home.read(&bad)
	to := read(&bad, "--to", m.To, newPostgres)
	if bad != nil {
		return bad
	}
	if err := where.exists(); err != nil {
		return err
	}
	unlock, err := where.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	ctx := untilTold()
	keys, err := where.ring(ctx)
	if err != nil {
		return err
	}
	path := filepath.Join(where.data, databaseFile)
	made, err := db.CopyToPostgres(ctx, path, to, keys, inTenths(t.err, "Copied"))
	if err != nil {
		return notMoved(ctx, err)
	}
	_, err = fmt.Fprintf(t.out, `The PostgreSQL database holds what %s does: %s, and %s of %s in all, counted.
Start servers with --database (TWOSTEP_DATABASE) and the address that --to had, and with %s.
%s was only read. Keep it until you are sure, and let no server run on it: the two would go ways of their own.
`, path, many(made.Accounts, "account"), many(made.Rows, "row"), many(made.Tables, "table"), where.sameKeys(), path)
	return err
}

// sameKeys says what every server needs to open what was moved.
func (p places) sameKeys() string {
	if p.keys != nil {
		return "the same --keys (TWOSTEP_KEYS)"
	}
	return "the same keys: they stay in " + p.keyPlace() + ", and a server on another machine gets a copy in its data folder"
}

// newPostgres reads the address of a database that must be given.
func newPostgres(given string) (string, error) {
	return given, db.CheckPostgresURL(given)
}

// notMoved says how the target stands after a copy that failed.
func notMoved(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, db.ErrUnconfirmed):
		return fmt.Errorf("%w; run it again: where they are, it is refused for the accounts", err)
	case errors.Is(err, db.ErrNotEmpty):
		return fmt.Errorf("%w: give the address of an empty one", err)
	case ctx.Err() != nil:
		return errors.New("nothing was moved: it was told to stop; run it again")
	}
	return fmt.Errorf("nothing was moved: %w", err)
}
