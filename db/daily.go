package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// CountEvents implements [auth.Store]. It reads an index only, once: a large site has a
// million events a day.
func (s *Store) CountEvents(ctx context.Context, from, until time.Time, types []auth.EventType) (map[auth.EventType]int, error) {
	counts := make([]int, len(types))
	var (
		columns []string
		row     engine.Row
		args    = []any{eventsFrom(from), eventsFrom(until)}
	)
	for i, event := range types {
		args, row = append(args, event), append(row, &counts[i])
		columns = append(columns, fmt.Sprintf(`COALESCE(sum(CASE WHEN type = $%d THEN 1 ELSE 0 END), 0)`, len(args)))
	}
	err := s.find(ctx, "count audit events", row, `
		SELECT `+strings.Join(columns, ", ")+`
		FROM audit_events
		WHERE id >= $1 AND id < $2`, args...)
	byType := map[auth.EventType]int{}
	for i, event := range types {
		byType[event] = counts[i]
	}
	return byType, err
}

// CountAccounts implements [auth.Store]. It reads every account, which takes seconds with
// millions of them.
func (s *Store) CountAccounts(ctx context.Context, now time.Time) (map[auth.Counter]int, error) {
	all, disabled, day, month, passkey, totp, sms := 0, 0, 0, 0, 0, 0, 0
	err := s.find(ctx, "count accounts", engine.Row{&all, &disabled, &day, &month, &passkey, &totp, &sms}, `
		SELECT
			count(*),
			COALESCE(sum(CASE WHEN users.disabled_at IS NOT NULL THEN 1 ELSE 0 END), 0),
			COALESCE(sum(CASE WHEN users.seen_at >= $1 THEN 1 ELSE 0 END), 0),
			COALESCE(sum(CASE WHEN users.seen_at >= $2 THEN 1 ELSE 0 END), 0),
			COALESCE(sum(CASE WHEN keys.user_id IS NOT NULL THEN 1 ELSE 0 END), 0),
			COALESCE(sum(CASE WHEN keys.user_id IS NULL AND totp.user_id IS NOT NULL THEN 1 ELSE 0 END), 0),
			COALESCE(sum(CASE WHEN keys.user_id IS NULL AND totp.user_id IS NULL AND sms.user_id IS NOT NULL THEN 1 ELSE 0 END), 0)
		FROM users
		LEFT JOIN (SELECT DISTINCT user_id FROM passkeys) AS keys ON keys.user_id = users.id
		LEFT JOIN totp ON totp.user_id = users.id
		LEFT JOIN (SELECT DISTINCT user_id FROM phones WHERE reserved_at IS NOT NULL) AS sms ON sms.user_id = users.id`,
		engine.Millis(now.Add(-24*time.Hour)), engine.Millis(now.Add(-30*24*time.Hour)))
	if err != nil {
		return nil, err
	}
	locked := 0
	err = s.find(ctx, "count locked accounts", engine.Row{&locked}, `
		SELECT count(DISTINCT account) FROM (`+lockedAccounts+`) AS locked`)
	return map[auth.Counter]int{
		auth.CountAccounts: all, auth.CountDisabled: disabled, auth.CountSeenDay: day, auth.CountSeenMonth: month, auth.CountLockedNow: locked,
		auth.CountPasskey: passkey, auth.CountTOTP: totp, auth.CountSMSOnly: sms, auth.CountNoMFA: all - passkey - totp - sms,
	}, err
}

// ReplaceDay implements [auth.Store].
func (s *Store) ReplaceDay(ctx context.Context, day auth.DayCounts) error {
	_, err := s.write(ctx, "store counts of a day", "", func(tx *tx) (bool, error) {
		for _, counter := range slices.Sorted(maps.Keys(day.Counts)) {
			if _, err := tx.Exec(ctx, `
				INSERT INTO daily (day, counter, n)
				VALUES ($1, $2, $3)
				ON CONFLICT (day, counter) DO UPDATE SET n = excluded.n`,
				engine.Millis(day.Day), counter, day.Counts[counter]); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	return err
}

// FindDays implements [auth.Store].
func (s *Store) FindDays(ctx context.Context, from time.Time) (days []auth.DayCounts, err error) {
	var (
		day     time.Time
		counter auth.Counter
		n       int
	)
	err = s.each(ctx, "find counts of days", engine.Row{engine.Time(&day), &counter, &n}, func() {
		if len(days) == 0 || !days[len(days)-1].Day.Equal(day) {
			days = append(days, auth.DayCounts{Day: day, Counts: map[auth.Counter]int{}})
		}
		days[len(days)-1].Counts[counter] = n
	}, `
		SELECT day, counter, n
		FROM daily
		WHERE day >= $1
		ORDER BY day`, engine.Millis(from))
	return days, err
}
