package serve

import (
	"context"
	"log/slog"
	"time"

	"twostep/auth"
)

// sweepInterval is how often expired rows are deleted, which only frees space:
// each has its own expiry, so nothing depends on it (ST-10).
const sweepInterval = time.Hour

const (
	remindInterval = time.Hour   // a reminder is late by this much at most
	remindPause    = time.Second // between batches of accounts, so that others can use the database
)

// remind sends the reminders of MFA deadlines.
func remind(rules *auth.Rules, log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		after, wait := auth.UserID(""), time.Duration(0)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			next, reminded, err := rules.RemindMFA(ctx, after)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				log.Error("cannot remind of MFA deadlines", "error", err)
			case reminded > 0:
				log.Info("reminded of MFA deadlines", "accounts", reminded)
			}
			if after, wait = next, remindPause; next == "" || err != nil {
				wait = remindInterval
			}
		}
	}
}

// sweep deletes expired rows and counts the day, at the start and then every hour.
func sweep(rules *auth.Rules, log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		ticks := time.NewTicker(sweepInterval)
		defer ticks.Stop()
		for {
			removed, err := rules.RemoveExpired(ctx)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				log.Error("cannot remove expired rows", "error", err)
			case removed > 0:
				log.Info("expired rows removed", "rows", removed)
			}
			if err := rules.CountDays(ctx); err != nil && ctx.Err() == nil {
				log.Error("cannot count the day", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
		}
	}
}

// advanceRecoveries sends the warnings of recoveries and completes those whose delay has
// passed, at the start and then every minute.
func advanceRecoveries(rules *auth.Rules, log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		ctx = auth.WithObserver(ctx, func(e auth.Event) { log.Info("account", "event", e.Type, "user", e.User) })
		ticks := time.NewTicker(auth.RecoveryCheck)
		defer ticks.Stop()
		waited := 0
		for {
			_, waiting, err := rules.AdvanceRecoveries(ctx)
			switch {
			case err != nil && ctx.Err() == nil:
				log.Error("cannot advance recoveries", "error", err)
			case waiting > waited:
				log.Warn("recoveries wait until SMS can be sent again: see --sms-budget", "accounts", waiting)
			}
			waited = waiting
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
		}
	}
}
