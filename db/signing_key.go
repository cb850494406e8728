package db

import (
	"cmp"
	"context"
	"time"

	"twostep/auth/oidc"
	"twostep/db/internal/engine"
)

// FindSigningKeys implements [oidc.Store].
func (s *Store) FindSigningKeys(ctx context.Context) (all []oidc.SigningKey, err error) {
	var k oidc.SigningKey
	var sealed []byte
	var broken error
	err = s.each(ctx, "find signing keys", engine.Row{
		&k.ID, &k.Alg, &sealed, &k.Public, engine.Time(&k.PublishedAt), engine.Time(&k.SignsFrom), engine.Time(&k.RetiredAt),
	}, func() {
		k.Private = nil
		if sealed != nil {
			opened, err := s.seals.Open(signingKey.place(k.ID), sealed)
			k.Private, broken = opened, cmp.Or(broken, err)
		}
		all = append(all, k)
	}, `
		SELECT
			id,
			alg,
			private,
			public,
			published_at,
			signs_from,
			retired_at
		FROM signing_keys
		ORDER BY signs_from`)
	return all, cmp.Or(err, broken)
}

// AddFirstSigningKey implements [oidc.Store].
func (s *Store) AddFirstSigningKey(ctx context.Context, key oidc.SigningKey) error {
	_, err := s.write(ctx, "add signing key", "", func(tx *tx) (bool, error) { return tx.addSigningKey(ctx, key) })
	return err
}

// AddNextSigningKeys implements [oidc.Store].
func (s *Store) AddNextSigningKeys(ctx context.Context, keys []oidc.SigningKey, now time.Time) (added bool, err error) {
	return s.write(ctx, "add signing keys", "", func(tx *tx) (bool, error) {
		for _, key := range keys {
			if _, err := tx.Exec(ctx, `
				UPDATE signing_keys SET retired_at = $1
				WHERE alg = $2 AND retired_at IS NULL AND signs_from <= $3`,
				engine.Millis(key.SignsFrom), key.Alg, engine.Millis(now)); err != nil {
				return false, err
			}
			if added, err := tx.addSigningKey(ctx, key); err != nil || !added {
				return false, err
			}
		}
		return true, nil
	})
}

// addSigningKey adds a key unless its algorithm has one that nothing follows.
func (t *tx) addSigningKey(ctx context.Context, key oidc.SigningKey) (added bool, err error) {
	sealed, err := t.seals.Seal(signingKey.place(key.ID), key.Private)
	if err != nil {
		return false, err
	}
	return t.change(ctx, `
		INSERT INTO signing_keys (id, alg, private, public, published_at, signs_from)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`,
		key.ID, key.Alg, sealed, key.Public, engine.Millis(key.PublishedAt), engine.Millis(key.SignsFrom))
}
