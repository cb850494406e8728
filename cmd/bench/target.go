package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"

	"twostep/auth"
	"twostep/db"
)

// keys are those of every target.
var keys = auth.NewKeyring()

// A target is a server binary with the data of one kind of database.
type target struct {
	program string
	folder  string
	url     string // of PostgreSQL; empty for an SQLite file in the folder
	keys    auth.Keyring
	people  int    // accounts added so far
	logo    string // path of the static file that pages are compared with
}

func newTarget(program, folder, url string) (*target, error) {
	t := &target{program: program, folder: folder, url: url, keys: keys, logo: filepath.Join(folder, "logo.svg")}
	if err := os.WriteFile(t.keyFile(), []byte(t.keys.String()), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(t.rulesFile(), []byte(accessRules), 0o600); err != nil {
		return nil, err
	}
	return t, t.writeLogo(1000)
}

func (t *target) keyFile() string { return filepath.Join(t.folder, "keys") }

func (t *target) rulesFile() string { return filepath.Join(t.folder, "access-rules") }

// database returns the URL or the path of the database.
func (t *target) database() string {
	return cmp.Or(t.url, filepath.Join(t.folder, "twostep.db"))
}

// openStore opens the database as the server does. The server must be stopped.
func (t *target) openStore(ctx context.Context) (*db.Store, error) {
	if t.url != "" {
		return db.OpenPostgres(ctx, t.database(), t.keys)
	}
	return db.OpenSQLite(ctx, t.database(), t.keys)
}

// writeLogo writes a logo of size bytes.
func (t *target) writeLogo(size int) error {
	const start, end = `<svg xmlns="http://www.w3.org/2000/svg"><title>`, `</title></svg>`
	padding := strings.Repeat("x", max(0, size-len(start)-len(end)))
	return os.WriteFile(t.logo, []byte(start+padding+end), 0o600)
}
