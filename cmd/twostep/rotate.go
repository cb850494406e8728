package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"twostep/auth"
	"twostep/db"
)

// keyring is the operator's hand on the server keys.
type keyring struct {
	Rotate rotate `cmd:"" help:"Draw a new key and seal everything by it, beside running servers. Run again after an interruption, it goes on."`
}

// rotate brings a new key into use in three steps, so that no server meets what
// it cannot open or a cookie that it cannot read: the key is put behind the
// others, where all servers get to know it; then before them, where they begin
// to use it; then what older keys have sealed is sealed anew.
type rotate struct {
	place
	Wait time.Duration `default:"5s" help:"Time for running servers to read the key file after each change; they look every second."`
}

// Run rotates, or goes on with a rotation: where something is not sealed by the
// newest key there is one to be ended, and no other key is drawn.
func (r *rotate) Run(t terminal) (err error) {
	var bad error
	where := r.read(&bad)
	wait := read(&bad, "--wait", r.Wait, notNegative)
	if bad != nil {
		return bad
	}
	if err := where.exists(); err != nil {
		return err
	}
	unlock, err := where.lockKeys()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	ctx := untilTold()
	store, keys, err := where.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.CheckSealed(ctx); err != nil {
		return fmt.Errorf("the keys are not those of the data, so nothing was changed: %w", err)
	}
	waiting, err := sealedOtherwise(ctx, store, keys)
	if err != nil {
		return err
	}
	if waiting == 0 {
		if err := r.draw(ctx, t.err, where, keys, wait); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(t.err, "A rotation to key %d was begun; it goes on.\n", keys.IDs()[0])
	}
	if err := reseal(ctx, t.err, store, keys); err != nil {
		return err
	}
	return r.conclude(ctx, t.out, where, store, keys)
}

// draw puts a new key into the key file.
func (r *rotate) draw(ctx context.Context, progress io.Writer, where places, keys auth.Keyring, wait time.Duration) error {
	path := r.keyFile(where)
	if path == "" {
		return errors.New("--keys (TWOSTEP_KEYS) gives the ring as text: put a new key before the others there, restart the servers, and run this again")
	}
	added, id, err := keys.Add()
	if err != nil {
		return err
	}
	first := added.Promote(id)
	served, err := where.served()
	if err != nil {
		return err
	}
	before := keys.String()
	if served {
		if err := replaceKeyFile(path, before, added.String()); err != nil {
			return err
		}
		fmt.Fprintf(progress, "Key %d stands in %s. Servers get %s to know it, and as long to begin with it.\n", id, path, wait)
		if err := pause(ctx, wait); err != nil {
			return err
		}
		before = added.String()
	}
	if err := replaceKeyFile(path, before, first.String()); err != nil {
		return err
	}
	if _, err := keys.Reload(); err != nil {
		return err
	}
	if served {
		return pause(ctx, wait)
	}
	return nil
}

// conclude says which keys are needed no more.
func (r *rotate) conclude(ctx context.Context, out io.Writer, where places, store *db.Store, keys auth.Keyring) error {
	counts, err := store.CountSealed(ctx)
	if err != nil {
		return err
	}
	ring := keys.IDs()
	unneeded := slices.DeleteFunc(slices.Clone(ring), func(id byte) bool { return id == ring[0] || counts[id] > 0 })
	for id, n := range counts {
		if id != ring[0] {
			return fmt.Errorf("%s came under key %d meanwhile, from a server that does not read the key file: restart it, and run this again", many(n, "value"), id)
		}
	}
	fmt.Fprintf(out, "Everything that is sealed is under key %d now: %s.\n", ring[0], many(counts[ring[0]], "value"))
	if len(unneeded) > 0 {
		fmt.Fprintf(out, "The database needs no other key. Keep %s in %s for a day, until the cookies and forms that it signed are over, and as long as you keep backups from before.\n",
			ids(unneeded), where.keyPlace())
	}
	return nil
}

func pause(ctx context.Context, wait time.Duration) error {
	select {
	case <-ctx.Done():
		return errors.New("it was told to stop; run it again")
	case <-time.After(wait):
		return nil
	}
}

func notNegative(given time.Duration) (time.Duration, error) {
	if given < 0 {
		return 0, fmt.Errorf("%s is less than nothing", short(given))
	}
	return given, nil
}
