package serve

import (
	"context"
	"log/slog"
	"time"

	"twostep/auth"
)

// watchSettings returns a function that reads the settings of operators again and again.
// While that fails, those read last are in force; the log says so once.
func watchSettings(rules *auth.Rules, log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		ticks := time.NewTicker(auth.SettingsReload)
		defer ticks.Stop()
		failing := false
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
			err := rules.ReloadSettings(ctx)
			if err != nil && !failing && ctx.Err() == nil {
				log.Error("cannot read the settings: those read last stay in force", "error", err)
			}
			failing = err != nil
		}
	}
}
