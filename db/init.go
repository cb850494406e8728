package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"

	"twostep/auth"
)

// ErrInitialized is the answer of [InitPostgres] where something stands in the
// database already.
var ErrInitialized = errors.New("the database has been begun already")

// ErrNotInitialized is the answer of [InspectPostgres] where nothing stands in it.
var ErrNotInitialized = errors.New("the database is empty yet")

// InitPostgres makes the empty database at an address the own of the ring that
// draw makes. Other nodes that start at the same moment wait meanwhile, so that
// of those without keys one draws them, and the others are answered [ErrInitialized]
// and make none that would open nothing. Where it fails after the ring was
// drawn, the next start with that ring goes on.
func InitPostgres(ctx context.Context, address string, draw func() (auth.Keyring, error)) error {
	config, err := parsePostgres(address)
	if err != nil {
		return fmt.Errorf("open the database: the address %w", err)
	}
	s := newPostgresStore(stdlib.OpenDB(*config), auth.Keyring{})
	err = s.beginPostgres(ctx, draw)
	if err != nil && !errors.Is(err, ErrInitialized) {
		err = fmt.Errorf("open the database: %w", plainly(config, err))
	}
	return errors.Join(err, s.Close())
}

func (s *Store) beginPostgres(ctx context.Context, draw func() (auth.Keyring, error)) error {
	if err := checkPostgres(ctx, s.writer.db); err != nil {
		return err
	}
	return alone(ctx, s.writer.db, func(ctx context.Context) error {
		if begun, err := begun(ctx, s.reader.Statements); err != nil || begun {
			return cmp.Or(err, ErrInitialized)
		}
		keys, err := draw()
		if err != nil {
			return err
		}
		if err := s.migratePostgres(ctx); err != nil {
			return err
		}
		s.seals = sealer{keys: keys}
		return s.addProof(ctx)
	})
}

// begun reports whether a migration of PostgreSQL was ever begun.
func begun(ctx context.Context, from Statements) (begun bool, err error) {
	err = from.Find(ctx, Row{&begun}, `SELECT to_regclass('goose_db_version') IS NOT NULL`)
	return begun, err
}
