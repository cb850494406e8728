package db

import (
	"context"
	"fmt"
	"testing"
	"time"

	"twostep/auth"
)

func TestFindKnownDevice(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for _, minutes := range []time.Duration{1, 2} {
			known := auth.KnownDevice{User: "ann", TokenHash: "m", SeenAt: noon.Add(minutes * time.Minute)}
			must(t, db.Apply(t.Context(), auth.ChangeSet{User: "ann", At: known.SeenAt, Changes: []auth.Change{auth.PutKnownDevice{TokenHash: "m"}}}))
			got, err := db.FindKnownDevice(t.Context(), "ann", "m")
			must(t, err)
			if got != known {
				t.Errorf("got %+v, want %+v", got, known)
			}
		}
		_, err := db.FindKnownDevice(t.Context(), "bob", "m")
		wantNotFound(t, err)
	})
}

// A device's new token replaces the old one for all accounts. An account keeps the last
// seen devices only, and a device the accounts that it last signed in to.
func TestPutKnownDevice_ReplacesAndBounds(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		put := func(user auth.UserID, minute int, token, replaces string) {
			t.Helper()
			must(t, db.Apply(t.Context(), auth.ChangeSet{
				User: user, At: noon.Add(time.Duration(minute) * time.Minute),
				Changes: []auth.Change{auth.PutKnownDevice{TokenHash: token, Replaces: replaces}},
			}))
		}
		name := func(kind string, i int) string { return fmt.Sprintf("%s%02d", kind, i) }
		for i := range auth.KnownDevicesMax + 1 {
			id := auth.UserID(name("u", i))
			db.apply(t, id, auth.AddUser{User: user(id), CreatedAt: noon})
			put(id, i, name("t", i), name("t", i-1))
		}
		last := name("t", auth.KnownDevicesMax)
		if n := db.count(t, `SELECT count(*) FROM known_devices WHERE token_hash = $1`, last); n != auth.KnownDevicesMax {
			t.Errorf("the device is known to %d accounts, want %d", n, auth.KnownDevicesMax)
		}
		_, err := db.FindKnownDevice(t.Context(), "u00", last)
		wantNotFound(t, err)
		if n := db.count(t, `SELECT count(*) FROM known_devices`); n != auth.KnownDevicesMax {
			t.Errorf("%d rows, want %d", n, auth.KnownDevicesMax)
		}
		for i := range auth.KnownDevicesMax + 1 {
			put("u01", 100+i, name("d", i), "")
		}
		if n := db.count(t, `SELECT count(*) FROM known_devices WHERE user_id = 'u01'`); n != auth.KnownDevicesMax {
			t.Errorf("the account has %d devices, want %d", n, auth.KnownDevicesMax)
		}
		for _, token := range []string{last, "d00"} {
			_, err = db.FindKnownDevice(t.Context(), "u01", token)
			wantNotFound(t, err)
		}
	})
}

// Concurrent sign-ins in one browser, to all its accounts, do not block each other.
func TestPutKnownDevice_Race(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		const accounts = 4
		for i := range accounts {
			id := auth.UserID(fmt.Sprint("u", i))
			db.apply(t, id, auth.AddUser{User: user(id), CreatedAt: noon}, auth.PutKnownDevice{TokenHash: "old"})
		}
		db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			id := auth.UserID(fmt.Sprint("u", i%accounts))
			return true, s.Apply(ctx, set(id, auth.PutKnownDevice{TokenHash: "new", Replaces: "old"}))
		})
		if n := db.count(t, `SELECT count(*) FROM known_devices WHERE token_hash = 'new'`); n != accounts {
			t.Errorf("the device is known to %d accounts, want %d", n, accounts)
		}
	})
}
