package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/db"
)

// Keys is the command line of keys.
type Keys struct {
	Rotate Rotate `cmd:"" help:"Add a new key and re-encrypt everything with it, while servers run. If interrupted, run it again to continue."`
}

// Rotate is the command line of keys rotate. A rotation has three steps, so that
// no running server meets a value or cookie of a key that it does not know: the
// new key is appended to the keyring, which servers then reload; it is moved to
// the front, where they begin to use it; and values of older keys are
// re-encrypted.
type Rotate struct {
	datadir.Flags
	Wait time.Duration `default:"5s" help:"Time for running servers to reload the key file after each change; they check it every second."`
}

// Run rotates the keys. If values of an older key are left, it resumes that
// rotation instead and adds no key.
func (r *Rotate) Run(s cli.Streams) (err error) {
	dir, err := r.Dir()
	if err != nil {
		return err
	}
	if r.Wait < 0 {
		return &cli.FlagError{Flag: "--wait", Err: fmt.Errorf("%s is negative", auth.ShortDuration(r.Wait))}
	}
	if err := dir.CheckExists(); err != nil {
		return err
	}
	unlock, err := dir.LockKeys()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	ctx := cli.SignalContext()
	store, keys, err := dir.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.CheckSealed(ctx); err != nil {
		return fmt.Errorf("the keys do not belong to this database, so nothing was changed: %w", err)
	}
	old, err := countOldValues(ctx, store, keys)
	if err != nil {
		return err
	}
	if old == 0 {
		if err := addKey(ctx, s.Err, dir, keys, r.Wait); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(s.Err, "Continuing the rotation to key %d.\n", keys.IDs()[0])
	}
	if err := reseal(ctx, s.Err, store, keys); err != nil {
		return err
	}
	return printUnneeded(ctx, s.Out, dir, store, keys)
}

// addKey puts a new key into the key file.
func addKey(ctx context.Context, progress io.Writer, dir datadir.Dir, keys auth.Keyring, wait time.Duration) error {
	path := dir.KeyFile()
	if path == "" {
		return errors.New("--keys (TWOSTEP_KEYS) gives the keys as text: put a new key first there, restart the servers, and run this again")
	}
	appended, id, err := keys.Add()
	if err != nil {
		return err
	}
	promoted := appended.Promote(id)
	serverRuns, err := dir.ServerRuns()
	if err != nil {
		return err
	}
	current := keys.String()
	if serverRuns {
		if err := datadir.ReplaceKeyFile(path, current, appended.String()); err != nil {
			return err
		}
		fmt.Fprintf(progress, "Key %d was added to %s. Waiting %s for servers to load it, and again for servers to use it.\n", id, path, wait)
		if err := pause(ctx, wait); err != nil {
			return err
		}
		current = appended.String()
	}
	if err := datadir.ReplaceKeyFile(path, current, promoted.String()); err != nil {
		return err
	}
	if _, err := keys.Reload(); err != nil {
		return err
	}
	if serverRuns {
		return pause(ctx, wait)
	}
	return nil
}

// printUnneeded prints which keys the database no longer needs.
func printUnneeded(ctx context.Context, out io.Writer, dir datadir.Dir, store *db.Store, keys auth.Keyring) error {
	counts, err := store.CountSealed(ctx)
	if err != nil {
		return err
	}
	ids := keys.IDs()
	unneeded := slices.DeleteFunc(slices.Clone(ids), func(id byte) bool { return id == ids[0] || counts[id] > 0 })
	for id, n := range counts {
		if id != ids[0] {
			return fmt.Errorf("a server that does not reload the key file has encrypted %s with key %d: restart it, and run this again", cli.Plural(n, "value"), id)
		}
	}
	fmt.Fprintf(out, "All encrypted values use key %d now: %s.\n", ids[0], cli.Plural(counts[ids[0]], "value"))
	if len(unneeded) > 0 {
		fmt.Fprintf(out, "The database needs no other keys. Keep %s in %s for one day, until cookies and forms signed with them have expired, and for as long as you keep older backups.\n",
			datadir.KeyNames(unneeded), dir.KeysLocation())
	}
	return nil
}

func pause(ctx context.Context, wait time.Duration) error {
	select {
	case <-ctx.Done():
		return errors.New("interrupted; run it again")
	case <-time.After(wait):
		return nil
	}
}
