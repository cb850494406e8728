package db

import (
	"context"
	"errors"
	"fmt"

	"twostep/auth"
)

// ringProof is what says whose a database is.
var ringProof = sealedColumn{"ring", "proof", "id", "id"}

// ringRow is the id of the one row.
const ringRow = "ring"

// CheckKeyring refuses keys that are not those of the database: where they do not
// open its proof, where one that has sealed something is missing, or where none
// opens anything. A single other value that does not open is no reason to keep
// everybody out. A database without a proof is the ring's own from then on: of
// two servers that begin one with different rings at the same moment, one is
// refused.
func (s *Store) CheckKeyring(ctx context.Context) error {
	proved, err := s.proveRing(ctx)
	if err != nil {
		return err
	}
	for _, c := range sealedColumns {
		used, err := c.keysUsed(ctx, s.reader.Statements)
		if err != nil {
			return err
		}
		for _, key := range used {
			if _, found := s.seals.keys.ByID(key, auth.KeySeal); !found {
				return fmt.Errorf("the key ring has no key %d, which has sealed something that stands in the database", key)
			}
		}
	}
	tried, opened, err := trySeals(ctx, s.reader.Statements, s.seals, sealedColumns)
	if tried > 0 && opened == 0 {
		return err
	}
	if proved {
		return nil
	}
	return s.addProof(ctx)
}

// VerifyKeyring refuses keys that do not open the database's proof. It reads one
// row, and so suits what is done with a large database in a moment.
func (s *Store) VerifyKeyring(ctx context.Context) error {
	_, err := s.proveRing(ctx)
	return err
}

// proveRing opens the proof. There is none in a database that nobody has served
// yet.
func (s *Store) proveRing(ctx context.Context) (proved bool, err error) {
	var proof []byte
	err = s.find(ctx, "read whose the database is", Row{&proof}, ringProof.query(`
		SELECT %[2]s
		FROM %[1]s
		WHERE %[3]s = $1`), ringRow)
	if errors.Is(err, auth.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		_, err = s.seals.open(ringProof.place(ringRow), proof)
	}
	return err == nil, err
}

// addProof makes the database the ring's own, unless it is somebody's already.
func (s *Store) addProof(ctx context.Context) error {
	proof, err := s.seals.seal(ringProof.place(ringRow), []byte(ringRow))
	if err != nil {
		return err
	}
	_, err = s.write(ctx, "say whose the database is", nil, func(tx *tx) (bool, error) {
		_, err := tx.Exec(ctx, ringProof.query(`
			INSERT INTO %[1]s (%[3]s, %[2]s)
			VALUES ($1, $2)
			ON CONFLICT (%[3]s) DO NOTHING`), ringRow, proof)
		return true, err
	})
	if err != nil {
		return err
	}
	return s.VerifyKeyring(ctx)
}
