package db

import (
	"fmt"
	"reflect"
	"testing"

	"twostep/auth"
	"twostep/db/dbtest"
)

// Accounts added in bulk equal those added one by one, even if there are more than
// one query can add.
func TestAddAccounts(t *testing.T) {
	const last = 100
	eachStore(t, func(t *testing.T, db testDB) {
		changes := func(name string) auth.ChangeSet {
			id := auth.UserID(name)
			return set(id,
				auth.AddUser{User: user(id), CreatedAt: noon},
				session(id, auth.SessionID(name)),
				auth.PutKnownDevice{KnownDevice: auth.KnownDevice{ID: "d", TokenHash: "device", SeenAt: noon}},
				auth.PutTOTP{TOTPKey: auth.TOTPKey{User: id, Secret: []byte("a key of twenty byte"), LastStep: 100, AddedAt: noon}},
				auth.RecordEvent{Event: auth.Event{ID: "1", User: id, At: noon, Type: auth.SignedUp}},
				auth.RecordEvent{Event: auth.Event{ID: "2", User: id, At: noon, Type: auth.SignedIn}},
			)
		}
		db.apply(t, "single", changes("single").Changes...)
		var accounts []auth.ChangeSet
		for i := range last + 1 {
			accounts = append(accounts, changes(fmt.Sprint("p", i)))
		}
		must(t, dbtest.AddAccounts(t.Context(), db.path, db.keys, accounts))
		stored := func(name string) []any {
			id := auth.UserID(name)
			f, has, err := db.FindSessionFactors(t.Context(), "token of "+name, noon)
			must(t, err)
			key, err := db.FindTOTP(t.Context(), id)
			must(t, err)
			events, err := db.FindActivity(t.Context(), id, "", 9)
			must(t, err)
			known, err := db.FindKnownDevice(t.Context(), id, "device")
			must(t, err)
			u, err := db.FindUserByEmail(t.Context(), user(id).Email.Key)
			must(t, err)
			if f.User != id || key.User != id || known.User != id || u.PasswordHash != user(id).PasswordHash {
				t.Errorf("%s has another account's values: %v %v %v %v", name, f, key.User, known, u)
			}
			return []any{f.SeenAt, f.UserAgent, has, key.Secret, key.LastStep, len(events), events[0].Type, known.SeenAt, u.Disabled}
		}
		want := stored("single")
		for _, name := range []string{"p0", fmt.Sprint("p", last)} {
			if got := stored(name); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	})
}
