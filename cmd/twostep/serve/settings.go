package serve

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"twostep/auth"
)

// loadSettings reads the settings of operators for the first time. If they were changed for
// other flags and no longer make sense, the flags are in force: the site must start.
func loadSettings(ctx context.Context, rules *auth.Rules, log *slog.Logger) error {
	err := rules.ReloadSettings(ctx)
	if _, refused := errors.AsType[*auth.Problem](err); refused {
		log.Error("the changed settings leave no second factor with these flags: only the flags are in force", "error", err)
		return nil
	}
	return err
}

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
