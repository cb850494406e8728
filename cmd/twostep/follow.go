package main

import (
	"context"
	"log/slog"
	"time"

	"twostep/auth"
)

// keysLook is how often a server looks at the key file: well within the time
// that a rotation gives it. A value sealed by a key that it does not know makes
// it look at once.
const keysLook = time.Second

// followKeys keeps the ring as it is in its file. A file that cannot be the next
// ring is told once, and the ring stays as it was.
func followKeys(keys auth.Keyring, log *slog.Logger) func(context.Context) {
	return func(ctx context.Context) {
		ticks := time.NewTicker(keysLook)
		defer ticks.Stop()
		told, known := "", ids(keys.IDs())
		for {
			_, err := keys.Reload()
			switch {
			case err != nil && err.Error() != told:
				told = err.Error()
				log.Error("the key ring stays as it was", "error", err)
			case err == nil:
				told = ""
			}
			if now := ids(keys.IDs()); now != known { // also where a value of an unknown key was quicker to look
				known = now
				log.Info("the key ring was read anew", "keys", now)
			}
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
		}
	}
}
