package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"

	"twostep/auth"
)

// ErrBegun is the answer of [BeginPostgres] where something stands in the
// database already.
var ErrBegun = errors.New("the database has been begun already")

// ErrNotBegun is the answer of [InspectPostgres] where nothing stands in it.
var ErrNotBegun = errors.New("the database is empty yet")

// BeginPostgres makes the empty database at an address the own of the ring that
// draw makes. Other nodes that start at the same moment wait meanwhile, so that
// of those without keys one draws them, and the others are answered [ErrBegun]
// and make none that would open nothing. Where it fails after the ring was
// drawn, the next start with that ring goes on.
func BeginPostgres(ctx context.Context, address string, draw func() (auth.Keys, error)) error {
	config, err := parsePostgres(address)
	if err != nil {
		return fmt.Errorf("open the database: the address %w", err)
	}
	s := newPostgresStore(stdlib.OpenDB(*config), auth.Keys{})
	err = s.beginPostgres(ctx, draw)
	if err != nil && !errors.Is(err, ErrBegun) {
		err = fmt.Errorf("open the database: %w", plainly(config, err))
	}
	return errors.Join(err, s.Close())
}

func (s *Store) beginPostgres(ctx context.Context, draw func() (auth.Keys, error)) error {
	if err := checkPostgres(ctx, s.writer.db); err != nil {
		return err
	}
	return alone(ctx, s.writer.db, func(ctx context.Context) error {
		if begun, err := begun(ctx, s.reader.statements); err != nil || begun {
			return cmp.Or(err, ErrBegun)
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
func begun(ctx context.Context, from statements) (begun bool, err error) {
	err = from.find(ctx, into{&begun}, `SELECT to_regclass('goose_db_version') IS NOT NULL`)
	return begun, err
}
