package serve

import (
	"context"
	"log/slog"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/datadir"
)

// keysInterval is how often a server reads the key file: several times while a
// rotation waits for it. A value encrypted with an unknown key makes it read the
// file at once.
const keysInterval = time.Second

// watchKeys reloads the keyring from its file. A file that is no valid successor
// is logged once, and the keyring stays as it was.
func watchKeys(keys auth.Keyring, log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		ticks := time.NewTicker(keysInterval)
		defer ticks.Stop()
		logged, known := "", datadir.KeyNames(keys.IDs())
		for {
			_, err := keys.Reload()
			switch {
			case err != nil && err.Error() != logged:
				logged = err.Error()
				log.Error("cannot reload the keys", "error", err)
			case err == nil:
				logged = ""
			}
			if now := datadir.KeyNames(keys.IDs()); now != known { // an unknown key may have reloaded it before
				known = now
				log.Info("keys reloaded", "keys", now)
			}
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
		}
	}
}
