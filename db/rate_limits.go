package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// Allow implements [auth.Store]. Counts that were rebased after the clock was set
// back are written even if a limit refuses, otherwise the next request would be
// refused until the clock has caught up.
func (s *Store) Allow(ctx context.Context, now time.Time, limits []auth.RateLimit) (refused int, count auth.Count, err error) {
	_, err = s.write(ctx, "count against rate limits", "", func(tx *tx) (changed bool, err error) {
		refused, count, changed, err = tx.allow(ctx, now, limits)
		return changed, err
	})
	return refused, count, err
}

// addAllowed is add unless a limiter refuses. If do returns false, nothing is counted.
func (s *Store) addAllowed(ctx context.Context, doing string, account auth.UserID, now time.Time, limits []auth.RateLimit, do func(tx *tx) (bool, error)) (refused int, count auth.Count, err error) {
	err = s.add(ctx, doing, account, func(tx *tx) (changed bool, err error) {
		if refused, count, changed, err = tx.allow(ctx, now, limits); err != nil || refused >= 0 {
			return changed, err
		}
		return do(tx)
	})
	if refused >= 0 && errors.Is(err, auth.ErrNotFound) {
		err = nil
	}
	return refused, count, err
}

func (t *tx) allow(ctx context.Context, now time.Time, limits []auth.RateLimit) (refused int, count auth.Count, changed bool, err error) {
	retention := map[string]time.Duration{}
	for _, limit := range limits {
		retention[engine.ValidText(limit.Key)] = limit.Limiter.Retention()
	}
	counts, err := t.lockCounts(ctx, now, retention)
	if err != nil {
		return -1, count, false, err
	}
	rebased := map[string]auth.Count{}
	for key, c := range counts {
		if r, changed := c.Rebase(now); changed {
			counts[key], rebased[key] = r, r
		}
	}
	for i, limit := range limits {
		key := engine.ValidText(limit.Key)
		next, allowed := limit.Limiter.Next(counts[key], now)
		if !allowed {
			return i, next, len(rebased) > 0, t.putCounts(ctx, rebased, retention)
		}
		counts[key] = next
	}
	return -1, count, true, t.putCounts(ctx, counts, retention)
}

// FindCount implements [auth.Store].
func (s *Store) FindCount(ctx context.Context, key string) (c auth.Count, err error) {
	err = s.find(ctx, "find count", engine.Row{&c.N, engine.Time(&c.Since), engine.Time(&c.ReadyAt)}, `
		SELECT count, since, ready_at
		FROM rate_limits
		WHERE key = $1`, engine.ValidText(key))
	return c, err
}

// lockCounts reads the counts by their stored keys. On PostgreSQL it writes what is there,
// which locks the rows, also those that do not exist yet.
func (t *tx) lockCounts(ctx context.Context, now time.Time, retention map[string]time.Duration) (counts map[string]auth.Count, err error) {
	counts = map[string]auth.Count{}
	for key := range retention {
		counts[key] = auth.Count{Since: now}
	}
	if len(counts) == 0 {
		return counts, nil
	}
	var (
		key string
		c   auth.Count
	)
	query, args := insertCounts(counts, retention)
	query += `
		key = excluded.key
		RETURNING key, count, since, ready_at`
	if !t.concurrent {
		args = nil
		for key := range counts {
			args = append(args, key)
		}
		query = `
		SELECT key, count, since, ready_at
		FROM rate_limits
		WHERE key IN ` + engine.Placeholders(1, len(args))
	}
	err = t.Each(ctx, engine.Row{&key, &c.N, engine.Time(&c.Since), engine.Time(&c.ReadyAt)}, func() { counts[key] = c }, query, args...)
	if err != nil {
		return nil, fmt.Errorf("lock counts: %w", err)
	}
	return counts, nil
}

func (t *tx) putCounts(ctx context.Context, counts map[string]auth.Count, retention map[string]time.Duration) error {
	if len(counts) == 0 {
		return nil
	}
	query, args := insertCounts(counts, retention)
	return t.Queue(ctx, query+`
		count = excluded.count, since = excluded.since, ready_at = excluded.ready_at, expires_at = excluded.expires_at`, args...)
}

// insertCounts returns an INSERT that ends with DO UPDATE SET. Keys are sorted, so
// that no two transactions wait for each other.
func insertCounts(counts map[string]auth.Count, retention map[string]time.Duration) (query string, args []any) {
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		c := counts[key]
		account, typed := accountOf(key)
		args = append(args, key, account, c.N, engine.Millis(c.Since), engine.Millis(c.ReadyAt), engine.Millis(c.Since.Add(retention[key])), typed)
	}
	return `
		INSERT INTO rate_limits (key, account, count, since, ready_at, expires_at, typed)
		VALUES ` + engine.Placeholders(len(counts), 7) + `
		ON CONFLICT (key) DO UPDATE SET`, args
}

// accountOf returns the last part of a key, which may be an account, or nil if it is the
// hash of a text. typed is 1 if that is an email address with failures.
func accountOf(key string) (account any, typed int) {
	last := key[strings.LastIndexByte(key, '/')+1:]
	switch hashed := strings.HasPrefix(last, "="); {
	case hashed && strings.HasPrefix(key, "failures/"):
		return nil, 1
	case hashed:
		return nil, 0
	}
	return last, 0
}

// settleCounts resets and refunds counts, in the order in which [Store.Allow] locks
// them.
//
// A refund takes back the wait that began with the request, unless a later request has
// begun another: the request was allowed, so there was no wait before it.
func (t *tx) settleCounts(ctx context.Context, c auth.SettleCounts, at time.Time) error {
	refund := map[string]bool{}
	for _, key := range c.Refund {
		refund[engine.ValidText(key)] = true
	}
	for _, key := range c.Reset {
		refund[engine.ValidText(key)] = false
	}
	for _, key := range slices.Sorted(maps.Keys(refund)) {
		query, args := `DELETE FROM rate_limits WHERE key = $1`, []any{key}
		if refund[key] {
			query, args = `
				UPDATE rate_limits SET count = count - 1, ready_at = CASE WHEN since = $2 THEN NULL ELSE ready_at END
				WHERE key = $1 AND count > 0`, append(args, engine.Millis(at))
		}
		if err := t.Queue(ctx, query, args...); err != nil {
			return err
		}
	}
	return nil
}
