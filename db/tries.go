package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"twostep/auth"
)

// Take counts one try under every key, or under none where one brake refuses;
// then it answers the refusing try's place and its count. That counts were set
// back is written in either case, or the next one would be refused as late.
func (s *Store) Take(ctx context.Context, now time.Time, tries []auth.Try) (refused int, count auth.Count, err error) {
	_, err = s.write(ctx, "count a try", nil, func(tx *tx) (bool, error) {
		refused = -1
		counts, setBack, err := tx.lockTries(ctx, now, tries)
		if err != nil {
			return false, err
		}
		for i, try := range tries {
			next, allowed := try.Brake.Next(counts[try.Key], now)
			if !allowed {
				refused, count = i, next
				return setBack, nil
			}
			counts[try.Key] = next
		}
		for key, next := range counts {
			if err := tx.replaceTry(ctx, key, next); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	return refused, count, err
}

// lockTries reads the counts and holds them to the end of the transaction; those
// of a time to come it sets back. The write that changes nothing is what locks a
// row where several can write, and the order of the keys is the same for all, so
// that no two wait for each other.
func (t *tx) lockTries(ctx context.Context, now time.Time, tries []auth.Try) (counts map[string]auth.Count, setBack bool, err error) {
	keys := make([]string, len(tries))
	for i, try := range tries {
		keys[i] = try.Key
	}
	slices.Sort(keys)
	counts = make(map[string]auth.Count, len(keys))
	for _, key := range slices.Compact(keys) {
		var c auth.Count
		err := t.find(ctx, into{&c.N, at(&c.Since), at(&c.ReadyAt)}, `
			INSERT INTO tries (key, owner, n, since) VALUES ($1, $2, 0, $3)
			ON CONFLICT (key) DO UPDATE SET key = excluded.key
			RETURNING n, since, ready_at`, key, owner(key), millis(now))
		if err != nil {
			return nil, false, fmt.Errorf("lock a count: %w", err)
		}
		back, changed := c.SetBack(now)
		if changed {
			if err := t.replaceTry(ctx, key, back); err != nil {
				return nil, false, err
			}
		}
		counts[key], setBack = back, setBack || changed
	}
	return counts, setBack, nil
}

func (t *tx) replaceTry(ctx context.Context, key string, c auth.Count) error {
	_, err := t.exec(ctx, `
		UPDATE tries SET n = $1, since = $2, ready_at = $3
		WHERE key = $4`, c.N, millis(c.Since), millis(c.ReadyAt), key)
	return err
}

// owner is for whom a count is: the last part of its key. Who is deleted takes
// the counts along.
func owner(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

// settleTries forgets the counts to be cleared and takes one try from each of
// those to be given back. It goes through them in the order in which Take does.
func (t *tx) settleTries(ctx context.Context, clear, giveBack []string) error {
	query := map[string]string{}
	for _, key := range giveBack {
		query[key] = `UPDATE tries SET n = n - 1 WHERE key = $1 AND n > 0`
	}
	for _, key := range clear {
		query[key] = `DELETE FROM tries WHERE key = $1`
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		if _, err := t.exec(ctx, query[key], key); err != nil {
			return err
		}
	}
	return nil
}
