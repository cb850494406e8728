package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrations are numbered files that only go forward: a file that was released
// is never changed, and the way back is a backup.
//
//go:embed migrations
var migrations embed.FS

// migrate brings the database up to the newest of the embedded files, each in
// a transaction of its own.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, folder string) error {
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	steps, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	current, newest, err := steps.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > newest {
		return errNewer(current, newest)
	}
	_, err = steps.Up(ctx)
	return err
}

func errNewer(version, newest int64) error {
	return fmt.Errorf("the database is of version %d, and this program knows versions up to %d: use a newer program", version, newest)
}
