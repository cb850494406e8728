package db

import (
	"context"
	"fmt"

	"twostep/auth"
)

// A storedHash is the hash of a password as it stands. It is sealed, so that a
// thief of the database alone has nothing to try passwords against (ST-03):
// argon2id makes each try dear, and a key he has not makes all of them futile.
//
// It can also stand open, from before hashes were sealed, and then until the
// next start at most.
type storedHash struct {
	open   string // PHC string
	sealed []byte // nil for none
}

// sealHash answers NULL for the hash of no password.
func (s sealer) sealHash(p place, hash string) (sealed []byte, err error) {
	if hash == "" {
		return nil, nil
	}
	return s.seal(p, []byte(hash))
}

func (s sealer) openHash(p place, stored storedHash) (hash string, err error) {
	if stored.sealed == nil {
		return stored.open, nil
	}
	plain, err := s.open(p, stored.sealed)
	return string(plain), err
}

// orNull is a sealed value as an argument.
func orNull(sealed []byte) any {
	if sealed == nil {
		return nil
	}
	return sealed
}

// findHash reads an account's hash within a transaction that holds the account.
func (t *tx) findHash(ctx context.Context, user auth.UserID) (stored storedHash, err error) {
	err = t.Find(ctx, Row{&stored.open, &stored.sealed}, `
		SELECT password_hash, password_sealed
		FROM users
		WHERE id = $1`, user)
	return stored, err
}

// hashBatch is how many hashes are sealed in one transaction at the start.
const hashBatch = 1000

// sealHashes seals the hashes that stand open, and answers how many. It does so with the database's
// own ring alone: with another, the passwords of everybody would be lost for who
// comes with the right one. Who opened the database with the wrong one is told
// so by [Store.CheckKeyring].
func (s *Store) sealHashes(ctx context.Context) (sealed int, err error) {
	after := ""
	for {
		var users, hashes []string
		var user, hash string
		err := s.writer.Each(ctx, Row{&user, &hash}, func() {
			users, hashes = append(users, user), append(hashes, hash)
		}, `
			SELECT id, password_hash
			FROM users
			WHERE password_hash <> '' AND id > $1
			ORDER BY id
			LIMIT $2`, after, hashBatch)
		if err != nil || len(users) == 0 {
			return sealed, err
		}
		if after == "" && s.CheckKeyring(ctx) != nil {
			return 0, nil
		}
		after = users[len(users)-1]
		if err := s.sealEach(ctx, users, hashes); err != nil {
			return sealed, err
		}
		sealed += len(users)
	}
}

func (s *Store) sealEach(ctx context.Context, users, hashes []string) error {
	_, err := s.write(ctx, "seal hashes of passwords", nil, func(tx *tx) (bool, error) {
		for i, user := range users {
			sealed, err := tx.seals.sealHash(passwordHash(auth.UserID(user)), hashes[i])
			if err != nil {
				return false, err
			}
			if _, err := tx.Exec(ctx, `
				UPDATE users SET password_hash = '', password_sealed = $1
				WHERE id = $2 AND password_hash = $3`, sealed, user, hashes[i]); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	return err
}

// findUser reads one account, with its hash opened.
func (s *Store) findUser(ctx context.Context, query string, by any) (u auth.User, err error) {
	var stored storedHash
	row := Row{&u.ID, &u.Email.Typed, &u.Email.Key, &stored.open, &stored.sealed, &u.Disabled}
	if err = s.find(ctx, "find an account", row, query, by); err != nil {
		return auth.User{}, err
	}
	if u.PasswordHash, err = s.seals.openHash(passwordHash(u.ID), stored); err != nil {
		return auth.User{}, fmt.Errorf("find an account: %w", err)
	}
	return u, nil
}
