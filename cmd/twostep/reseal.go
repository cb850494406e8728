package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"twostep/auth"
	"twostep/db"
)

// reseal seals by the newest key what older ones have sealed, and says how far
// it is.
func reseal(ctx context.Context, progress io.Writer, store *db.Store, keys auth.Keyring) error {
	all, err := sealedOtherwise(ctx, store, keys)
	if err != nil {
		return err
	}
	tell := inTenths(progress, "Sealed anew")
	_, broken, err := store.Reseal(ctx, func(done int) { tell(done, all) })
	switch {
	case ctx.Err() != nil:
		return errors.New("it was told to stop; run it again, and it goes on")
	case err != nil:
		return fmt.Errorf("%w; run it again, and it goes on", err)
	case broken > 0:
		return fmt.Errorf("%s opened with no key and stayed as it was: the database was changed by somebody else, or a key is missing", many(broken, "value"))
	}
	return nil
}

// sealedOtherwise counts what is not sealed by the newest key.
func sealedOtherwise(ctx context.Context, store *db.Store, keys auth.Keyring) (n int, err error) {
	counts, err := store.CountSealed(ctx)
	for id, sealed := range counts {
		if id != keys.IDs()[0] {
			n += sealed
		}
	}
	return n, err
}

// ids names keys, as "key 1" or "keys 2, 1".
func ids(all []byte) string {
	var names []string
	for _, id := range all {
		names = append(names, strconv.Itoa(int(id)))
	}
	word := "key "
	if len(names) > 1 {
		word = "keys "
	}
	return word + strings.Join(names, ", ")
}
