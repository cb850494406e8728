package db

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

func handover(user auth.UserID, session auth.SessionID, code string) auth.Handover {
	return auth.Handover{
		CodeHash: code, Session: session, User: user, Host: "wiki.example.org", BeginHash: "begin", Target: "/page?x=1",
		ExpiresAt: noon.Add(auth.HandoverLifetime),
	}
}

func hostToken(session auth.SessionID, token string) auth.PutHostToken {
	return auth.PutHostToken{HostToken: auth.HostToken{TokenHash: token, Session: session, Host: "wiki.example.org"}}
}

func TestHandover(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		ctx, want := t.Context(), handover("ann", "s1", "h1")
		want.FirstUse = true
		db.apply(t, "ann", auth.PutHostUse{Host: "ops.example.org"})
		must(t, db.AddHandover(ctx, want))
		if got, err := db.FindHandover(ctx, "h1", noon); err != nil || got != want {
			t.Errorf("found %+v, %v", got, err)
		}
		db.apply(t, "ann", auth.PutHostUse{Host: want.Host}, auth.PutHostUse{Host: want.Host})
		if got, err := db.FindHandover(ctx, "h1", noon); err != nil || got.FirstUse {
			t.Errorf("found %+v, %v", got, err)
		}
		_, err := db.FindHandover(ctx, "h1", want.ExpiresAt)
		wantNotFound(t, err)
		wantNotFound(t, db.AddHandover(ctx, handover("ann", "no session", "h2")))
		wantNotFound(t, db.AddHandover(ctx, handover("bob", "s1", "h2")))

		must(t, db.RemoveSession(ctx, "token of s1", noon))
		_, err = db.FindHandover(ctx, "h1", noon)
		wantNotFound(t, err)
		spent, err := db.SpendHandover(ctx, want, set("ann", hostToken("s1", "t1")))
		wantFalse(t, spent, err)
	})
}

// FA-12: of concurrent requests with one code one gets a token.
func TestSpendHandover_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		h := handover("ann", "s1", "h1")
		must(t, db.AddHandover(t.Context(), h))
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return s.SpendHandover(ctx, h, set("ann", hostToken("s1", fmt.Sprint("t", i))))
		})
		if n := db.count(t, `SELECT count(*) FROM host_tokens`); n != 1 {
			t.Errorf("%d tokens", n)
		}
	})
}

// FA-14: a session's token for a host ends with it, also in a race.
func TestSpendHandover_SessionEnds(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for i := range raceCallers {
			must(t, db.AddHandover(t.Context(), handover("ann", "s1", fmt.Sprint("h", i))))
		}
		db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			if i == raceCallers/2 {
				return true, s.Apply(ctx, set("ann", auth.EndSessions{}))
			}
			return s.SpendHandover(ctx, handover("ann", "s1", fmt.Sprint("h", i)), set("ann", hostToken("s1", fmt.Sprint("t", i))))
		})
		if n := db.count(t, `SELECT (SELECT count(*) FROM host_tokens) + (SELECT count(*) FROM handovers)`); n != 0 {
			t.Errorf("%d rows outlive their session", n)
		}
	})
}

func TestFindHostSession(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		ctx := t.Context()
		db.apply(t, "ann", hostToken("s1", "t1"), auth.AddGroup{Name: "ops"}, auth.AddGroup{Name: "dev"})
		want, factors, err := db.FindSessionFactors(ctx, "token of s1", noon)
		must(t, err)
		got, has, groups, err := db.FindHostSession(ctx, "wiki.example.org", "t1", noon)
		if err != nil || got != want || has.Count() != factors.Count() || !slices.Equal(groups, []string{"dev", "ops"}) {
			t.Errorf("found %+v, %v; want %+v", got, err, want)
		}
		for _, c := range []struct{ host, token string }{ // FA-13
			{"ops.example.org", "t1"}, {"wiki.example.org", "t2"}, {"wiki.example.org", "token of s1"}, {"", "t1"}, {"wiki.example.org", ""},
		} {
			_, _, _, err := db.FindHostSession(ctx, c.host, c.token, noon)
			wantNotFound(t, err)
		}
		_, _, err = db.FindSessionFactors(ctx, "t1", noon)
		wantNotFound(t, err)
		db.exec(t, `UPDATE users SET disabled_at = 1`)
		_, _, _, err = db.FindHostSession(ctx, "wiki.example.org", "t1", noon)
		wantNotFound(t, err)
	})
}

// A session keeps few tokens for a host: those of tabs that began at the same time.
func TestPutHostToken_Few(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		at := func(at time.Time, token string) {
			must(t, db.Apply(t.Context(), auth.ChangeSet{User: "ann", At: at, Changes: []auth.Change{hostToken("s1", token)}}))
		}
		for user, session := range map[auth.UserID]auth.SessionID{"ann": "ended", "eve": "s1"} {
			if err := db.Apply(t.Context(), set(user, hostToken(session, "t0"))); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("a token of %s for the session %s: %v", user, session, err)
			}
		}
		other := hostToken("s1", "of another host")
		other.Host = "ops.example.org"
		db.apply(t, "ann", other)
		at(noon, "t1")
		at(noon.Add(auth.HandoverLifetime), "t2")
		if n := db.count(t, `SELECT count(*) FROM host_tokens`); n != 3 {
			t.Errorf("%d tokens of two tabs and another host", n)
		}
		at(noon.Add(2*auth.HandoverLifetime+1), "t3")
		at(noon.Add(2*auth.HandoverLifetime+time.Second), "t4")
		if n := db.count(t, `SELECT count(*) FROM host_tokens WHERE token_hash IN ('t3', 't4')`); n != 2 {
			t.Errorf("%d of the new tokens", n)
		}
		if n := db.count(t, `SELECT count(*) FROM host_tokens`); n != 3 {
			t.Errorf("%d tokens", n)
		}
	})
}

// FA-24: an account's hosts are listed with the sessions that have a token, and a host that
// the user disconnects is closed to all of them.
func TestHostUses(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		ctx, wiki := t.Context(), "wiki.example.org"
		db.apply(t, "ann", session("ann", "s2"), hostToken("s1", "t1"), hostToken("s1", "t2"), hostToken("s2", "t3"), auth.PutHostUse{Host: wiki}, auth.PutHostUse{Host: "a.example.org"})
		want := []auth.HostUse{
			{Host: "a.example.org", Since: noon, UsedAt: noon},
			{Host: wiki, Since: noon, UsedAt: noon, Sessions: []auth.SessionID{"s1", "s2"}},
		}
		if got, err := db.FindHostUses(ctx, "ann"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("found %+v, %v", got, err)
		}
		removed, err := db.RemoveHostUse(ctx, "bob", wiki, set("bob"))
		wantFalse(t, removed, err)
		if n := db.count(t, `SELECT count(*) FROM host_tokens`); n != 3 {
			t.Errorf("another account removed tokens: %d are left", n)
		}
		removed, err = db.RemoveHostUse(ctx, "ann", wiki, set("ann"))
		if err != nil || !removed || db.count(t, `SELECT count(*) FROM host_tokens`) != 0 {
			t.Errorf("removed %v, %v", removed, err)
		}
		if got, err := db.FindHostUses(ctx, "ann"); err != nil || len(got) != 1 {
			t.Errorf("found %+v, %v", got, err)
		}
	})
}
