package main

import (
	"context"
	"log/slog"
	"time"

	"twostep/auth"
)

// sweepEvery is how often what has expired is removed. Nothing depends on it
// being on time: what is over is over by its own hour, and this only gives the
// room back (ST-10).
const sweepEvery = time.Hour

// sweep removes what has expired, at the start and then by the hour.
func sweep(rules *auth.Rules, log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		ticks := time.NewTicker(sweepEvery)
		defer ticks.Stop()
		for {
			removed, err := rules.RemoveExpired(ctx)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				log.Error("expired rows could not be removed", "error", err)
			case removed > 0:
				log.Info("expired rows removed", "rows", removed)
			}
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
		}
	}
}
