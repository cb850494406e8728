package db

import (
	"context"
	"errors"
	"fmt"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// The one row of table keyring identifies the keyring that a database belongs to.
const keyringRow = "keyring"

// CheckKeyring refuses a keyring that is not the database's: one that does not
// decrypt the check value, that lacks a key that encrypted a stored value, or that
// decrypts nothing. A damaged value does not keep the server from starting. If the
// database has no check value, CheckKeyring adds one. Of servers that start at the
// same time with different keyrings, only one is accepted.
func (s *Store) CheckKeyring(ctx context.Context) error {
	found, err := s.readCheckValue(ctx)
	if err != nil {
		return err
	}
	for _, c := range sealedColumns {
		values, err := c.examples(ctx, s.db.Statements)
		if err != nil {
			return err
		}
		for _, v := range values {
			if _, found := s.seals.Keys.ByID(v.sealed[0], auth.KeySeal); !found {
				return fmt.Errorf("keyring has no key %d, which encrypted values in the database", v.sealed[0])
			}
		}
	}
	tried, opened, err := openExamples(ctx, s.db.Statements, s.seals, sealedColumns)
	if tried > 0 && opened == 0 {
		return err
	}
	if found {
		return nil
	}
	return s.addCheckValue(ctx)
}

// VerifyKeyring refuses keys that do not decrypt the check value. It reads one
// row, so it is fast on a large database.
func (s *Store) VerifyKeyring(ctx context.Context) error {
	_, err := s.readCheckValue(ctx)
	return err
}

func (s *Store) readCheckValue(ctx context.Context) (found bool, err error) {
	var sealed []byte
	err = s.find(ctx, "check the keyring", engine.Row{&sealed}, checkValue.query(`
		SELECT %[2]s
		FROM %[1]s
		WHERE %[3]s = $1`), keyringRow)
	if errors.Is(err, auth.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		_, err = s.seals.Open(checkValue.place(keyringRow), sealed)
	}
	return err == nil, err
}

// addCheckValue writes the check value, or refuses the keyring if another has
// written it.
func (s *Store) addCheckValue(ctx context.Context) error {
	sealed, err := s.seals.Seal(checkValue.place(keyringRow), []byte(keyringRow))
	if err != nil {
		return err
	}
	_, err = s.write(ctx, "add the keyring's check value", "", func(tx *tx) (bool, error) {
		_, err := tx.Exec(ctx, checkValue.query(`
			INSERT INTO %[1]s (%[3]s, %[2]s)
			VALUES ($1, $2)
			ON CONFLICT (%[3]s) DO NOTHING`), keyringRow, sealed)
		return true, err
	})
	if err != nil {
		return err
	}
	return s.VerifyKeyring(ctx)
}
