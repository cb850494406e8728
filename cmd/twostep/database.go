package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"twostep/db"
)

// postgresAddress reads the address of a PostgreSQL database; empty stands for
// the SQLite file in the data folder.
func postgresAddress(given string) (string, error) {
	if given == "" {
		return "", nil
	}
	return given, db.CheckPostgresURL(given)
}

// inFile refuses a word that works on the SQLite file alone.
func (p places) inFile() error {
	if p.database != "" {
		return &badFlag{"--database", errors.New("this is for the SQLite file in the data folder; PostgreSQL's own pg_dump and pg_restore copy a database of PostgreSQL")}
	}
	return nil
}

// isFirst reports whether this start is to draw the keys of a PostgreSQL database.
func (p places) isFirst() bool {
	if p.database == "" || p.keys != nil {
		return false
	}
	_, err := os.Stat(filepath.Join(p.data, keyFile))
	return errors.Is(err, fs.ErrNotExist)
}

// dataPlace says where the data are. The address of a database is not repeated:
// it may hold a password.
func (p places) dataPlace() string {
	if p.database != "" {
		return "the PostgreSQL database of --database; its keys are in " + p.keyPlace()
	}
	return p.data
}
