package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"

	"twostep/auth"
	"twostep/db"
)

// A place is where the data of one kind of database lie, and the program that
// serves them.
type place struct {
	program  string
	folder   string
	database string // address of PostgreSQL; empty for an SQLite file in the folder
	keys     auth.Keyring
	crowd    int    // people in it already
	logo     string // path of the static file that pages are measured against
}

func newPlace(program, folder, database string) (*place, error) {
	p := &place{program: program, folder: folder, database: database, keys: auth.NewKeyring(), logo: filepath.Join(folder, "logo.svg")}
	if err := os.WriteFile(p.ring(), []byte(p.keys.String()), 0o600); err != nil {
		return nil, err
	}
	return p, p.draw(1000)
}

func (p *place) ring() string { return filepath.Join(p.folder, "keys") }

// url is the path or the URL of the database.
func (p *place) url() string {
	return cmp.Or(p.database, filepath.Join(p.folder, "twostep.db"))
}

// open opens the database as the program does, which must not be running.
func (p *place) open(ctx context.Context) (*db.Store, error) {
	if p.database != "" {
		return db.OpenPostgres(ctx, p.url(), p.keys)
	}
	return db.OpenSQLite(ctx, p.url(), p.keys)
}

// draw makes the logo a file of so many bytes.
func (p *place) draw(size int) error {
	const open, shut = `<svg xmlns="http://www.w3.org/2000/svg"><title>`, `</title></svg>`
	content := []byte(open)
	for len(content) < size-len(shut) {
		content = append(content, 'x')
	}
	return os.WriteFile(p.logo, append(content, shut...), 0o600)
}
