package data

import (
	"context"
	"errors"
	"fmt"

	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/db"
)

// Migrate is the command line of migrate.
type Migrate struct {
	datadir.LocalFlags
	From string `required:"" enum:"sqlite" placeholder:"sqlite" help:"Source: sqlite, the file in the data folder."`
	To   string `required:"" env:"TWOSTEP_TO" placeholder:"URL" help:"Target: an empty PostgreSQL database, as postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full. The variable keeps the password out of process lists."`
}

// Run copies the whole SQLite file to PostgreSQL, or nothing, and only reads the
// source. The server must be stopped: what it wrote meanwhile, such as that a
// code was used, would be lost.
func (m *Migrate) Run(s cli.Streams) (err error) {
	dir, err := m.Dir()
	if err != nil {
		return err
	}
	if err := db.CheckPostgresURL(m.To); err != nil {
		return &cli.FlagError{Flag: "--to", Err: err}
	}
	if err := dir.CheckExists(); err != nil {
		return err
	}
	unlock, err := dir.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	ctx := cli.SignalContext()
	keys, err := dir.Keyring(ctx)
	if err != nil {
		return err
	}
	path := dir.SQLitePath()
	copied, err := db.CopyToPostgres(ctx, path, m.To, keys, cli.Progress(s.Err, "Copied"))
	if err != nil {
		return migrateError(ctx, err)
	}
	_, err = fmt.Fprintf(s.Out, `%s was copied to PostgreSQL and every row counted: %s, and %s in %s in total.
Start the servers with --database (TWOSTEP_DATABASE) set to the value of --to, and with %s.
%s is unchanged. Keep it until you are sure, but run no server on it: the two databases would diverge.
`, path, cli.Plural(copied.Accounts, "account"), cli.Plural(copied.Rows, "row"), cli.Plural(copied.Tables, "table"), sameKeys(dir), path)
	return err
}

// sameKeys says where every server gets the keys that decrypt the copy.
func sameKeys(dir datadir.Dir) string {
	if dir.Keys != nil {
		return "the same --keys (TWOSTEP_KEYS)"
	}
	return "the same keys: copy " + dir.KeysLocation() + " to the data folder of each other server"
}

// migrateError says what a failed copy left in the target.
func migrateError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, db.ErrUnconfirmed):
		return fmt.Errorf("%w; run it again: it refuses a database that already contains accounts", err)
	case errors.Is(err, db.ErrNotEmpty):
		return fmt.Errorf("%w: give an empty one", err)
	case ctx.Err() != nil:
		return errors.New("nothing was copied: interrupted; run it again")
	}
	return fmt.Errorf("nothing was copied: %w", err)
}
