package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

// day returns the beginning of a day after noon's.
func day(n int) time.Time { return noon.Truncate(24*time.Hour).AddDate(0, 0, n) }

func mfaPolicy(group string, day, was time.Time) auth.PutMFAPolicy {
	return auth.PutMFAPolicy{MFAPolicy: auth.MFAPolicy{Group: group, Day: day}, Was: was}
}

func exemption(until time.Time) auth.PutMFAExemption {
	return auth.PutMFAExemption{Until: until, Reason: "on leave", By: "eve"}
}

// addPlain adds accounts without a second factor.
func (db testDB) addPlain(t *testing.T, ids ...auth.UserID) {
	t.Helper()
	for _, id := range ids {
		db.apply(t, id, auth.AddUser{User: user(id), CreatedAt: noon}, session(id, auth.SessionID("session of "+id)))
	}
}

// If several administrators set a day at once, one succeeds, and there are never more policies
// than the maximum.
func TestPutMFAPolicy_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		put := func(ctx context.Context, s *Store, c auth.PutMFAPolicy) (bool, error) {
			err := s.Apply(ctx, set("", c))
			if errors.Is(err, auth.ErrNotFound) {
				return false, nil
			}
			return err == nil, err
		}
		for _, c := range []auth.PutMFAPolicy{mfaPolicy("", day(9), time.Time{}), mfaPolicy("", day(8), day(9))} {
			db.wantOneWinner(t, func(ctx context.Context, s *Store, _ int) (bool, error) { return put(ctx, s, c) })
		}
		const left = 5
		for i := 1; i < auth.MFAPoliciesMax-left; i++ {
			db.apply(t, "", mfaPolicy(fmt.Sprint("group", i), day(1), time.Time{}))
		}
		winners := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return put(ctx, s, mfaPolicy(fmt.Sprint("more", i), day(1), time.Time{}))
		})
		all, err := db.FindMFAPolicies(t.Context())
		must(t, err)
		if winners != left || len(all) != auth.MFAPoliciesMax || all[0] != (auth.MFAPolicy{Day: day(8)}) {
			t.Errorf("%d were added of %d; now there are %d, the first %+v", winners, left, len(all), all[0])
		}
		removed := func(ctx context.Context, s *Store, _ int) (bool, error) {
			err := s.Apply(ctx, set("", auth.RemoveMFAPolicy{Group: ""}))
			return err == nil, map[bool]error{false: err}[errors.Is(err, auth.ErrNotFound)]
		}
		db.wantOneWinner(t, removed)
	})
}

// OP-13: a session and its account have the earliest day of the policies that apply, in
// the group and outside, as of the same commit, and the end of their exemption.
func TestMFADeadline(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addPlain(t, "ann")
		want := func(policy, exempt time.Time) {
			t.Helper()
			want := auth.MFADeadline{Policy: policy, Exempt: exempt}
			s, err := db.FindSession(t.Context(), "token of session of ann")
			must(t, err)
			a, err := db.FindAccount(t.Context(), "ann")
			must(t, err)
			if s.MFA != want || a.MFA != want {
				t.Errorf("the session has %+v, the account %+v, want %+v", s.MFA, a.MFA, want)
			}
		}
		never := time.Time{}
		want(never, never)
		db.apply(t, "", mfaPolicy("ops", day(5), never), mfaPolicy("staff", day(3), never))
		want(never, never)
		db.apply(t, "ann", auth.AddGroup{Name: "ops"})
		want(day(5), never)
		db.apply(t, "ann", auth.AddGroup{Name: "staff"})
		want(day(3), never)
		db.apply(t, "ann", auth.RemoveGroup{Name: "ops"})
		db.apply(t, "", mfaPolicy("", day(4), never))
		want(day(3), never)
		db.apply(t, "ann", auth.RemoveGroup{Name: "staff"})
		want(day(4), never)
		db.apply(t, "ann", exemption(day(20)))
		want(day(4), day(20))
		db.apply(t, "ann", exemption(day(10)), auth.AddGroup{Name: "staff"})
		want(day(3), day(10))
		removed, err := db.RemoveMFAExemption(t.Context(), "ann", auth.ChangeSet{User: "ann", At: day(10)})
		wantFalse(t, removed, err) // it has ended by itself
		removed, err = db.RemoveMFAExemption(t.Context(), "ann", set("ann"))
		wantTrue(t, removed, err)
		removed, err = db.RemoveMFAExemption(t.Context(), "ann", set("ann"))
		wantFalse(t, removed, err)
		want(day(3), never)
		db.apply(t, "", auth.RemoveMFAPolicy{Group: "staff"}, auth.RemoveMFAPolicy{Group: ""})
		want(never, never)
	})
}

// The accounts to remind are read in pieces, each account once: those that can sign in
// without a second factor and will need one soon.
func TestFindMFAMembers(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addPlain(t, "bob", "carl", "dora", "eve", "fred", "gus", "hal")
		db.addAnn(t) // has an app
		db.apply(t, "bob", auth.AddGroup{Name: "ops"})
		db.apply(t, "carl", auth.AddGroup{Name: "ops"}, exemption(day(9)))
		db.apply(t, "dora", exemption(day(90)), auth.AddGroup{Name: "ops"})
		db.exec(t, `UPDATE users SET disabled_at = 1 WHERE id = 'eve'`)
		db.exec(t, `UPDATE users SET password_hash = NULL WHERE id = 'fred'`)
		p := phone("gus", "p9", "+4915100000009")
		p.ReservedAt, p.Session = noon, "session of gus"
		db.apply(t, "gus", p)
		wantMembers := func(want ...auth.MFAMember) {
			t.Helper()
			var all []auth.MFAMember
			next, calls := auth.UserID(""), 0
			for calls == 0 || next != "" {
				var members []auth.MFAMember
				var err error
				members, next, err = db.FindMFAMembers(t.Context(), next, noon, noon.AddDate(0, 0, 14), 3)
				must(t, err)
				all = append(all, members...)
				calls++
			}
			if !slices.Equal(all, want) || len(want) > 0 && calls != 3 {
				t.Errorf("in %d calls %+v, want %+v", calls, all, want)
			}
		}
		member := func(id auth.UserID, n, reminded int) auth.MFAMember {
			return auth.MFAMember{User: id, Email: user(id).Email.Typed, Day: day(n), Reminded: reminded}
		}
		wantMembers()
		db.apply(t, "", mfaPolicy("ops", day(4), time.Time{}), mfaPolicy("", day(40), time.Time{}))
		wantMembers(member("bob", 4, 0), member("carl", 9, 0))
		spent, err := db.SpendMFAReminder(t.Context(), "carl", day(9), 14, set("carl"))
		wantTrue(t, spent, err)
		db.apply(t, "carl", exemption(day(8)))
		wantMembers(member("bob", 4, 0), member("carl", 8, 0)) // another day
		spent, err = db.SpendMFAReminder(t.Context(), "carl", day(8), 14, set("carl"))
		wantTrue(t, spent, err)
		db.apply(t, "carl", exemption(day(9)))
		db.apply(t, "", mfaPolicy("", day(6), day(40)))
		wantMembers(member("bob", 4, 0), member("carl", 9, 14), member("hal", 6, 0))
		db.apply(t, "", mfaPolicy("", day(0), day(6)), mfaPolicy("ops", day(0), day(4)))
		wantMembers(member("carl", 9, 14)) // for the others the day has come
	})
}

// No account is read while no day is near: the days of these have passed or are far away.
func TestFindMFAMembers_NoDayNear(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addPlain(t, "bob", "carl", "dora")
		for id, n := range map[auth.UserID]int{"bob": 0, "carl": 15} {
			db.apply(t, id, exemption(day(n)))
			db.apply(t, "", mfaPolicy("group of "+string(id), day(n), time.Time{}))
		}
		if _, next, err := db.FindMFAMembers(t.Context(), "", noon, noon.AddDate(0, 0, 14), 1); next != "" || err != nil {
			t.Errorf("%q follows, %v", next, err)
		}
	})
}

// OP-13: every reminder is spent once, also by two servers, and only while the account
// has no second factor and this deadline.
func TestSpendMFAReminder_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addPlain(t, "bob", "carl", "dora")
		db.apply(t, "", mfaPolicy("", day(5), time.Time{}))
		mail := func(id string) auth.ChangeSet {
			m := message(id)
			m.Channel = auth.ByEmail
			return set("bob", auth.QueueMessage{Message: m})
		}
		for _, days := range []int{14, 7, 1} {
			db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
				return s.SpendMFAReminder(ctx, "bob", day(5), days, mail(fmt.Sprint(days, "/", i)))
			})
		}
		if n := db.count(t, `SELECT count(*) FROM messages`); n != 3 {
			t.Errorf("%d messages, want 3", n)
		}
		for _, c := range []struct {
			user auth.UserID
			day  time.Time
			days int
			want bool
		}{
			{"carl", day(5), 7, true},
			{"carl", day(5), 14, false}, // late
			{"carl", day(6), 1, false},  // not the deadline
			{"nobody", day(5), 14, false},
			{"dora", day(5), 14, false}, // exempt
		} {
			if c.user == "dora" {
				db.apply(t, "dora", exemption(day(9)))
			}
			spent, err := db.SpendMFAReminder(t.Context(), c.user, c.day, c.days, set(c.user))
			if err != nil || spent != c.want {
				t.Errorf("%+v: %v, %v", c, spent, err)
			}
		}
		spent, err := db.SpendMFAReminder(t.Context(), "dora", day(9), 14, set("dora"))
		wantTrue(t, spent, err)
		db.apply(t, "carl", auth.PutTOTP{TOTPKey: auth.TOTPKey{User: "carl", Secret: []byte("a key of twenty byte"), AddedAt: noon}})
		spent, err = db.SpendMFAReminder(t.Context(), "carl", day(5), 1, set("carl"))
		wantFalse(t, spent, err)
	})
}

// Exemptions are listed by their end and page by page. The accounts that still have to
// set up a second factor are those of the policies, exempt ones too.
func TestFindMFAExemptions(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addPlain(t, "bob", "carl", "dora", "eve")
		db.addAnn(t)
		for id, n := range map[auth.UserID]int{"bob": 3, "carl": 2, "dora": 2, "eve": 0, "ann": 9} {
			db.apply(t, id, exemption(day(n)))
		}
		var got []auth.UserID
		for after := auth.UserID(""); ; {
			page, err := db.FindMFAExemptions(t.Context(), after, noon, 2)
			must(t, err)
			for _, e := range page {
				if e.Reason != "on leave" || e.By != "eve" || e.ByEmail != user("eve").Email.Typed || e.Email != user(e.User).Email.Typed {
					t.Errorf("the exemption is %+v", e)
				}
				got, after = append(got, e.User), e.User
			}
			if len(page) < 2 {
				break
			}
		}
		if want := []auth.UserID{"carl", "dora", "bob", "ann"}; !slices.Equal(got, want) {
			t.Errorf("exemptions of %v, want %v", got, want)
		}

		pending := func() (ids []auth.UserID) {
			page, err := db.FindPeople(t.Context(), auth.PeopleQuery{Factors: auth.NoFactor, MFAPolicy: true}, 10)
			must(t, err)
			for _, a := range page.Accounts {
				ids = append(ids, a.ID)
			}
			return ids
		}
		if got := pending(); len(got) > 0 {
			t.Errorf("without a policy: %v", got)
		}
		db.apply(t, "dora", auth.AddGroup{Name: "ops"})
		db.apply(t, "ann", auth.AddGroup{Name: "ops"})
		db.apply(t, "", mfaPolicy("ops", day(0), time.Time{}))
		if got := pending(); !slices.Equal(got, []auth.UserID{"dora"}) {
			t.Errorf("of a group: %v", got)
		}
		db.apply(t, "", mfaPolicy("", day(30), time.Time{}))
		if got := pending(); !slices.Equal(got, []auth.UserID{"bob", "carl", "dora", "eve"}) {
			t.Errorf("of everyone: %v", got)
		}
	})
}
