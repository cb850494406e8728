package db

import (
	"fmt"
	"reflect"
	"testing"

	"twostep/auth"
	"twostep/db/dbtest"
)

// Accounts that are added in bulk are like those that are added one by one, even if
// they are more than one query adds.
func TestAddAccounts(t *testing.T) {
	const last = 100
	eachStore(t, func(t *testing.T, b base) {
		grant := func(name string) auth.ChangeSet {
			id := auth.UserID(name)
			return set(id,
				auth.AddUser{User: user(id), CreatedAt: noon},
				session(id, auth.SessionID("of "+name)),
				auth.RememberDevice{TokenHash: "marker"},
				auth.PutTOTP{TOTPKey: auth.TOTPKey{User: id, Secret: []byte("a key of twenty byte"), LastStep: 100, AddedAt: noon}},
				auth.RecordEvent{Event: auth.Event{ID: "1", User: id, At: noon, Type: auth.SignedUp}},
				auth.RecordEvent{Event: auth.Event{ID: "2", User: id, At: noon, Type: auth.SignedIn}},
			)
		}
		b.give(t, "single", grant("single").Changes...)
		var people []auth.ChangeSet
		for i := range last + 1 {
			people = append(people, grant(fmt.Sprint("p", i)))
		}
		must(t, dbtest.AddAccounts(t.Context(), b.path, b.keys, people))
		facts := func(name string) []any {
			id := auth.UserID(name)
			f, has, err := b.FindSessionFactors(t.Context(), "handle of of "+name, noon)
			must(t, err)
			key, err := b.FindTOTP(t.Context(), id)
			must(t, err)
			events, err := b.FindActivity(t.Context(), id, "", 9)
			must(t, err)
			known, err := b.FindKnownDevice(t.Context(), id, "marker")
			must(t, err)
			u, err := b.FindUserByEmail(t.Context(), user(id).Email.Key)
			must(t, err)
			if f.User != id || key.User != id || known.User != id || u.PasswordHash != user(id).PasswordHash {
				t.Errorf("%s has what is another's: %v %v %v %v", name, f, key.User, known, u)
			}
			return []any{f.SeenAt, f.UserAgent, has, key.Secret, key.LastStep, len(events), events[0].Type, known.SeenAt, u.Disabled}
		}
		want := facts("single")
		for _, name := range []string{"p0", fmt.Sprint("p", last)} {
			if got := facts(name); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	})
}
