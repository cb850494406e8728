package db

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// Every filter finds the accounts that it should, in both orders, with pages of any size,
// and also if a search ends before its page is full (OP-10).
func TestFindPeople(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		all := db.addPeople(t)
		active := func(a auth.Account) bool { return a.State() == auth.StateActive }
		for name, c := range map[string]struct {
			query auth.PeopleQuery
			want  func(auth.Account) bool
		}{
			"all":           {auth.PeopleQuery{}, func(auth.Account) bool { return true }},
			"start":         {auth.PeopleQuery{Text: "ap01"}, func(a auth.Account) bool { return strings.HasPrefix(a.Email.Key, "ap01") }},
			"exact":         {auth.PeopleQuery{Text: "ap01", Exact: true}, func(auth.Account) bool { return false }},
			"exact address": {auth.PeopleQuery{Text: "ap03@example.org", Exact: true}, func(a auth.Account) bool { return a.ID == "p03" }},
			"ID":            {auth.PeopleQuery{Text: "p07"}, func(a auth.Account) bool { return a.ID == "p07" }},
			"phone":         {auth.PeopleQuery{Text: "+4915100000004"}, func(a auth.Account) bool { return a.ID == "p04" }},
			"group":         {auth.PeopleQuery{Group: "ops"}, func(a auth.Account) bool { return slices.Contains(a.Groups, "ops") }},
			"role":          {auth.PeopleQuery{Role: auth.RoleSupport}, func(a auth.Account) bool { return a.Role == auth.RoleSupport }},
			"disabled":      {auth.PeopleQuery{State: auth.StateDisabled}, func(a auth.Account) bool { return a.Disabled }},
			"must change":   {auth.PeopleQuery{State: auth.StateMustChange}, func(a auth.Account) bool { return a.MustChange }},
			"invited":       {auth.PeopleQuery{State: auth.StateInvited}, func(a auth.Account) bool { return a.Invited }},
			"locked":        {auth.PeopleQuery{State: auth.StateLocked}, func(a auth.Account) bool { return a.Locked }},
			"active":        {auth.PeopleQuery{State: auth.StateActive}, active},
			"no factor":     {auth.PeopleQuery{Factors: auth.NoFactor}, func(a auth.Account) bool { return !a.TOTP && a.Phones == 0 && a.Passkeys == 0 }},
			"SMS only":      {auth.PeopleQuery{Factors: auth.SMSOnly}, func(a auth.Account) bool { return !a.TOTP && a.Phones > 0 && a.Passkeys == 0 }},
			"not seen":      {auth.PeopleQuery{NotSeenSince: noon.Add(10 * time.Minute)}, func(a auth.Account) bool { return a.CreatedAt.Before(noon.Add(10 * time.Minute)) }},
			"several": {
				auth.PeopleQuery{Text: "ap", Group: "ops", State: auth.StateActive, Factors: auth.NoFactor},
				func(a auth.Account) bool {
					return active(a) && slices.Contains(a.Groups, "ops") && !a.TOTP && a.Phones == 0 && a.Passkeys == 0
				},
			},
		} {
			for _, newest := range []bool{false, true} {
				for _, scan := range []int{3, 7, auth.PeopleScan} {
					want := ids(all, newest, c.want)
					c.query.Newest, c.query.After = newest, ""
					if got := db.walkPeople(t, c.query, 2, scan); !slices.Equal(got, want) {
						t.Errorf("%s, newest first %v, %d at a time: %v, want %v", name, newest, scan, got, want)
					}
				}
			}
		}
		page, err := db.FindPeople(t.Context(), auth.PeopleQuery{After: "nobody"}, 2)
		if err != nil || len(page.Accounts) != 0 || page.Next != "" {
			t.Errorf("after a deleted account: %+v, %v", page, err)
		}
	})
}

// A download continues even if the last account of a page was deleted: it would otherwise end
// there and look complete (OP-11).
func TestFindPeople_PlaceOfDeletedAccount(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addPeople(t)
		for _, q := range []auth.PeopleQuery{{}, {Newest: true}, {Factors: auth.NoFactor}, {Factors: auth.NoFactor, Newest: true}} {
			first, err := db.findPeople(t.Context(), q, 3, 7)
			must(t, err)
			want, err := db.findPeople(t.Context(), auth.PeopleQuery{Factors: q.Factors, Newest: q.Newest, Place: first.Place}, 3, 7)
			must(t, err)
			_, err = db.RemoveUser(t.Context(), first.Next, set(first.Next))
			must(t, err)
			q.Place = first.Place
			got, err := db.findPeople(t.Context(), q, 3, 7)
			must(t, err)
			if got.Next == "" || !slices.Equal(idsOf(got), idsOf(want)) {
				t.Errorf("%+v: after the deletion %v, want %v", q, idsOf(got), idsOf(want))
			}
		}
	})
}

// A search for an account's whole email address does not find the account on two pages.
func TestFindPeople_WholeAddress(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		want := []auth.UserID{"p", "p@example.org1", "p@example.org2", "p@example.org3"}
		for _, id := range want {
			db.apply(t, id, auth.AddUser{User: user(id), CreatedAt: noon})
		}
		if got := db.walkPeople(t, auth.PeopleQuery{Text: "ap@example.org"}, 1, 3); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func idsOf(page auth.PeoplePage) (ids []auth.UserID) {
	for _, a := range page.Accounts {
		ids = append(ids, a.ID)
	}
	return ids
}

// walkPeople reads all pages.
func (db testDB) walkPeople(t *testing.T, q auth.PeopleQuery, limit, scan int) (got []auth.UserID) {
	t.Helper()
	more := false // says the page before
	for range 100 {
		page, err := db.findPeople(t.Context(), q, limit, scan)
		must(t, err)
		for _, a := range page.Accounts {
			got = append(got, a.ID)
		}
		if len(page.Accounts) > limit || page.Partial && len(page.Accounts) == limit && page.Next == "" || more && len(page.Accounts) == 0 {
			t.Fatalf("page of %d: %+v", limit, page)
		}
		if q.After = page.Next; q.After == "" {
			return got
		}
		more = !page.Partial
	}
	t.Fatal("the list does not end")
	return nil
}

// addPeople adds accounts of every kind, one a minute, and returns them.
func (db testDB) addPeople(t *testing.T) (all []auth.Account) {
	t.Helper()
	for i := range 24 {
		id := auth.UserID(fmt.Sprintf("p%02d", (i*7)%24))
		u := user(id)
		if i%6 == 1 {
			u.PasswordHash = ""
		}
		changes := []auth.Change{auth.AddUser{User: u, CreatedAt: noon.Add(time.Duration(i) * time.Minute)}}
		s := session(id, auth.SessionID("session of "+id))
		s.SeenAt = noon.Add(time.Duration(i) * time.Minute)
		changes = append(changes, s)
		if i%3 == 0 {
			changes = append(changes, auth.PutTOTP{TOTPKey: auth.TOTPKey{User: id, Secret: []byte("a key of twenty byte"), AddedAt: noon}})
		}
		if i%4 == 1 || id == "p04" {
			p := phone(id, auth.PhoneID("phone of "+id), fmt.Sprintf("+49151000000%s", id[1:]))
			p.ReservedAt = noon
			changes = append(changes, p)
		}
		if i%5 == 2 {
			changes = append(changes, passkey(id, auth.PasskeyID("passkey of "+id)))
		}
		if i%2 == 0 {
			changes = append(changes, auth.AddGroup{Name: "ops"}, auth.AddGroup{Name: "dev"})
		}
		db.apply(t, id, changes...)
		if i%8 == 3 {
			_, err := db.ReplaceRole(t.Context(), id, auth.RoleSupport, set(id))
			must(t, err)
		}
		if i%9 == 4 {
			_, err := db.ReplaceDisabled(t.Context(), id, true, set(id))
			must(t, err)
		}
		if i%10 == 5 {
			_, err := db.ReplaceMustChange(t.Context(), id, set(id))
			must(t, err)
		}
		if i%11 == 6 {
			limit := auth.RateLimit{Key: "failures/password/" + string(id), Limiter: auth.Backoff{Free: 1000, LockAt: auth.FailuresLock}}
			for range auth.FailuresLock {
				_, _, err := db.Allow(t.Context(), noon, []auth.RateLimit{limit})
				must(t, err)
			}
		}
		a, err := db.FindAccount(t.Context(), id)
		must(t, err)
		if a.Invited != (i%6 == 1) || a.Disabled != (i%9 == 4) || a.MustChange != (i%10 == 5) || a.Locked != (i%11 == 6) || a.TOTP != (i%3 == 0) {
			t.Fatalf("account %d is %+v", i, a)
		}
		all = append(all, a)
	}
	return all
}

func ids(all []auth.Account, newest bool, want func(auth.Account) bool) (ids []auth.UserID) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b auth.Account) int {
		if newest {
			return b.CreatedAt.Compare(a.CreatedAt)
		}
		return cmp.Compare(a.Email.Key, b.Email.Key)
	})
	for _, a := range all {
		if want(a) {
			ids = append(ids, a.ID)
		}
	}
	return ids
}
