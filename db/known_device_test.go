package db

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

func TestFindKnownDevice(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for _, minutes := range []time.Duration{1, 2} {
			known := auth.KnownDevice{ID: "d1", User: "ann", TokenHash: "m", SeenAt: noon.Add(minutes * time.Minute), UserAgent: "Firefox"}
			put := auth.PutKnownDevice{KnownDevice: known}
			put.ID = fmt.Sprint("d", int(minutes)) // that of the first one is kept
			db.apply(t, "ann", put)
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
			put := device(token, replaces)
			put.SeenAt = noon.Add(time.Duration(minute) * time.Minute)
			db.apply(t, user, put)
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
			db.apply(t, id, auth.AddUser{User: user(id), CreatedAt: noon}, device("old", ""))
		}
		db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			id := auth.UserID(fmt.Sprint("u", i%accounts))
			return true, s.Apply(ctx, set(id, device("new", "old")))
		})
		if n := db.count(t, `SELECT count(*) FROM known_devices WHERE token_hash = 'new'`); n != accounts {
			t.Errorf("the device is known to %d accounts, want %d", n, accounts)
		}
	})
}

// Of several remembered devices, only the one is forgotten on which a session began, or that
// the user names.
func TestForgetDevice_OneOfMany(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for _, token := range []string{"t1", "t2", "t3"} {
			put := device(token, "")
			put.RememberedAt = noon
			db.apply(t, "ann", put)
		}
		wantRemembered := func(want ...string) {
			t.Helper()
			all, err := db.FindRememberedDevices(t.Context(), "ann")
			must(t, err)
			var got []string
			for _, d := range all {
				got = append(got, d.TokenHash)
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("remembered devices are %q, want %q", got, want)
			}
		}
		begun := session("ann", "r1")
		begun.Device = "t2"
		db.apply(t, "ann", begun)
		removed, err := db.RemoveSessionOf(t.Context(), "ann", "r1", set("ann"))
		wantTrue(t, removed, err)
		wantRemembered("t1", "t3")
		forgotten, err := db.ForgetDevice(t.Context(), "ann", "id of t1", set("ann"))
		wantTrue(t, forgotten, err)
		wantRemembered("t3")
	})
}

// A session of a remembered device begins only while the device is remembered: a sign-in
// that raced with what forgets it fails (FF-12, SE-09).
func TestBeginSession_RequireRemembered(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		put := device("t1", "")
		put.RememberedAt = noon
		db.apply(t, "ann", put)
		begin := func(id auth.SessionID, token string) []auth.Change {
			next, s := device(token, "t1"), session("ann", id)
			next.KeepRemembered, s.Device, s.RequireRemembered = true, token, true
			return []auth.Change{next, s}
		}
		db.apply(t, "ann", begin("r1", "t2")...)
		got, err := db.FindKnownDevice(t.Context(), "ann", "t2")
		must(t, err)
		if got.ID != "id of t1" || !got.RememberedAt.Equal(noon) {
			t.Errorf("the device is %+v, want the same one with another token", got)
		}
		for i, forget := range []func(){
			func() { db.apply(t, "ann", auth.ForgetDevices{}) },
			func() { db.apply(t, "ann", auth.EndSessions{Except: "r1"}) },
			func() { _, err := db.ForgetDevice(t.Context(), "ann", "id of t1", set("ann")); must(t, err) },
			func() { _, err := db.RemoveSessionOf(t.Context(), "ann", "r1", set("ann")); must(t, err) },
		} {
			again := device("t2", "")
			again.RememberedAt = noon
			db.apply(t, "ann", again)
			forget()
			wantNotFound(t, db.Apply(t.Context(), set("ann", begin(auth.SessionID(fmt.Sprint("x", i)), "t3")...)))
			all, err := db.FindRememberedDevices(t.Context(), "ann")
			must(t, err)
			if len(all) != 0 {
				t.Errorf("%d: still remembered: %+v", i, all)
			}
			forgotten, err := db.ForgetDevice(t.Context(), "ann", "id of t1", set("ann"))
			wantFalse(t, forgotten, err)
		}
	})
}
