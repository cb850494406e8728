package data

import (
	"context"
	"errors"
	"fmt"
	"io"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/db"
)

// reseal re-encrypts the values of older keys with the newest one, and prints
// its progress.
func reseal(ctx context.Context, progress io.Writer, store *db.Store, keys auth.Keyring) error {
	total, err := countOldValues(ctx, store, keys)
	if err != nil {
		return err
	}
	report := cli.Progress(progress, "Re-encrypted")
	_, broken, err := store.Reseal(ctx, func(done int) { report(done, total) })
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted; run it again to continue")
	case err != nil:
		return fmt.Errorf("%w; run it again to continue", err)
	case broken > 0:
		return fmt.Errorf("%s could not be decrypted and stayed unchanged: another program changed the database, or a key is missing", cli.Plural(broken, "value"))
	}
	return nil
}

// countOldValues counts the values that are not encrypted with the newest key.
func countOldValues(ctx context.Context, store *db.Store, keys auth.Keyring) (n int, err error) {
	counts, err := store.CountSealed(ctx)
	for id, sealed := range counts {
		if id != keys.IDs()[0] {
			n += sealed
		}
	}
	return n, err
}
