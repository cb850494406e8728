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

// Allow counts one try under every key, or under none where one brake refuses;
// then it answers the refusing try's place and its count. That counts were set
// back is written in either case, or the next one would be refused as late.
func (s *Store) Allow(ctx context.Context, now time.Time, tries []auth.RateLimit) (refused int, count auth.Count, err error) {
	_, err = s.write(ctx, "count a try", "", func(tx *tx) (bool, error) {
		refused = -1
		counts, err := tx.lockTries(ctx, now, tries)
		if err != nil {
			return false, err
		}
		setBack := map[string]auth.Count{}
		for key, c := range counts {
			if back, changed := c.Rebase(now); changed {
				counts[key], setBack[key] = back, back
			}
		}
		for i, try := range tries {
			key := storableText(try.Key)
			next, allowed := try.Limiter.Next(counts[key], now)
			if !allowed {
				refused, count = i, next
				return len(setBack) > 0, tx.putTries(ctx, setBack)
			}
			counts[key] = next
		}
		return true, tx.putTries(ctx, counts)
	})
	return refused, count, err
}

// lockTries reads the counts, by their keys as they are stored, and holds them
// to the end of the transaction. The write that changes nothing is what locks a
// row where several can write.
func (t *tx) lockTries(ctx context.Context, now time.Time, tries []auth.RateLimit) (counts map[string]auth.Count, err error) {
	counts = map[string]auth.Count{}
	for _, try := range tries {
		counts[storableText(try.Key)] = auth.Count{Since: now}
	}
	if len(counts) == 0 {
		return counts, nil
	}
	var (
		key string
		c   auth.Count
	)
	query, args := insertTries(counts)
	err = t.Each(ctx, Row{&key, &c.N, Time(&c.Since), Time(&c.ReadyAt)}, func() { counts[key] = c }, query+`
		key = excluded.key
		RETURNING key, n, since, ready_at`, args...)
	if err != nil {
		return nil, fmt.Errorf("lock counts: %w", err)
	}
	return counts, nil
}

func (t *tx) putTries(ctx context.Context, counts map[string]auth.Count) error {
	if len(counts) == 0 {
		return nil
	}
	query, args := insertTries(counts)
	_, err := t.Exec(ctx, query+`
		n = excluded.n, since = excluded.since, ready_at = excluded.ready_at`, args...)
	return err
}

// insertTries begins a write of counts, which goes on with what becomes of those
// that are there. The order of the keys is the same for all, so that no two wait
// for each other.
func insertTries(counts map[string]auth.Count) (query string, args []any) {
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		c := counts[key]
		args = append(args, key, owner(key), c.N, Millis(c.Since), Millis(c.ReadyAt))
	}
	return `
		INSERT INTO tries (key, owner, n, since, ready_at)
		VALUES ` + values(len(counts), 5) + `
		ON CONFLICT (key) DO UPDATE SET`, args
}

// owner is for whom a count is: the last part of its key. Who is deleted takes
// the counts along.
func owner(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

// settleCounts resets and refunds counts, in the order in which Allow locks them.
func (t *tx) settleCounts(ctx context.Context, c auth.SettleCounts) error {
	query := map[string]string{}
	for _, key := range c.Refund {
		query[storableText(key)] = `UPDATE tries SET n = n - 1 WHERE key = $1 AND n > 0`
	}
	for _, key := range c.Reset {
		query[storableText(key)] = `DELETE FROM tries WHERE key = $1`
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		if _, err := t.Exec(ctx, query[key], key); err != nil {
			return err
		}
	}
	return nil
}
