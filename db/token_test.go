package db

import (
	"context"
	"errors"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

var open = auth.SessionBounds{SeenFrom: noon.Add(-time.Hour), StartedFrom: noon.Add(-24 * time.Hour), Until: noon.Add(time.Minute)}

func request(id string, now time.Time) oidc.Request {
	return oidc.Request{
		Hash: id, App: "a1", Params: oidc.Params{RedirectURI: "https://app.example/callback", Scopes: []oidc.Scope{oidc.ScopeOpenID}},
		CreatedAt: now, ExpiresAt: now.Add(auth.AppRequestLifetime),
	}
}

// grant returns a grant of an account's session, which is that of addAnn unless given.
func grant(id string, user auth.UserID, session auth.SessionID, now time.Time) *oidc.Grant {
	return &oidc.Grant{
		ID: id, App: "a1", User: user, Session: session, Scopes: []oidc.Scope{oidc.ScopeOpenID, oidc.ScopeEmail}, Nonce: "nonce",
		AuthTime: now, ACR: oidc.ACRTwoFactors, AMR: []string{"pwd", "otp", "mfa"}, CreatedAt: now, ExpiresAt: now.Add(auth.RefreshLifetime),
	}
}

func codeOf(id string, now time.Time) oidc.Code {
	return oidc.Code{Hash: "code of " + id, RedirectURI: "https://app.example/callback", Challenge: "challenge", ExpiresAt: now.Add(auth.AppCodeLifetime)}
}

func useOf(id string) oidc.CodeUse {
	return oidc.CodeUse{Hash: "code of " + id, App: "a1", RedirectURI: "https://app.example/callback", Challenge: "challenge"}
}

func refreshToken(hash string, now time.Time) oidc.RefreshToken {
	return oidc.RefreshToken{Hash: hash, ExpiresAt: now.Add(auth.RefreshIdle)}
}

// addGrant adds a grant with a code, for an account with a session.
func (db testDB) addGrant(t *testing.T, g *oidc.Grant, agreed ...oidc.Scope) {
	t.Helper()
	id := "request of " + g.ID
	db.addRequest(t, request(id, g.CreatedAt))
	issued, err := issueCode(t.Context(), db.Store, id, g, agreed...)
	wantTrue(t, issued, err)
}

func (db testDB) addRequest(t *testing.T, r oidc.Request) {
	t.Helper()
	_, _, err := db.AddRequest(t.Context(), r, nil)
	must(t, err)
}

// issueCode issues the code of a grant for a request, unless that or the session has ended.
func issueCode(ctx context.Context, s *Store, request string, g *oidc.Grant, agreed ...oidc.Scope) (issued bool, err error) {
	_, _, err = s.IssueCode(ctx, nil, oidc.Issue{
		Request: request, Grant: *g, Code: codeOf(g.ID, g.CreatedAt), Agreed: agreed, Changes: auth.ChangeSet{User: g.User, At: g.CreatedAt},
	})
	if errors.Is(err, auth.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func reusedEvent(user auth.UserID, id string) auth.ChangeSet {
	return set(user, auth.RecordEvent{Event: auth.Event{ID: id, At: noon, Type: auth.AppTokenReused, Name: "App a1"}})
}

func (db testDB) wantActive(t *testing.T, id string, active bool) {
	t.Helper()
	_, err := db.FindGrant(t.Context(), id, open)
	if active {
		must(t, err)
	} else {
		wantNotFound(t, err)
	}
}

func TestFindGrant(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.addApp(t, app("a1"))
		want := grant("g1", "ann", "s1", noon)
		db.addGrant(t, want, oidc.ScopeOpenID)
		want.Email, want.UpdatedAt = "Aann@example.org", noon
		got, err := db.FindGrant(t.Context(), "g1", open)
		wantEqual(t, got, *want, err)
		id, user, err := db.FindGrantOfCode(t.Context(), "a1", "code of g1")
		if id != "g1" || user != "ann" || err != nil {
			t.Errorf("grant of the code is %s of %s, %v", id, user, err)
		}
		_, _, err = db.FindGrantOfCode(t.Context(), "a2", "code of g1")
		wantNotFound(t, err)
		if agreed, used, err := db.FindConsent(t.Context(), "ann", "a2"); used || err != nil {
			t.Errorf("consent to another app: %v, %v", agreed, err)
		}
		agreed, used, err := db.FindConsent(t.Context(), "ann", "a1")
		if err != nil || !used || len(agreed) != 1 || agreed[0] != oidc.ScopeOpenID {
			t.Errorf("consent is %q, %v, %v", agreed, used, err)
		}
	})
}

// OI-21, OI-26: a grant ends with its session, however that ends, and with its app and
// account. An offline grant outlives a session.
func TestFindGrant_Live(t *testing.T) {
	for name, row := range map[string]struct {
		end     func(t *testing.T, db testDB)
		bounds  auth.SessionBounds
		offline bool // whether an offline grant stays active
	}{
		"sign-out":      {func(t *testing.T, db testDB) { must(t, db.RemoveSession(t.Context(), "token of s1", noon)) }, open, true},
		"idle":          {nil, auth.SessionBounds{SeenFrom: noon.Add(time.Millisecond), StartedFrom: noon, Until: noon.Add(time.Hour)}, true},
		"past lifetime": {nil, auth.SessionBounds{SeenFrom: noon, StartedFrom: noon.Add(time.Millisecond), Until: noon.Add(time.Hour)}, true},
		"in the future": {nil, auth.SessionBounds{SeenFrom: noon.Add(-time.Hour), StartedFrom: noon.Add(-time.Hour), Until: noon.Add(-time.Millisecond)}, false},
		"another device": {func(t *testing.T, db testDB) {
			_, err := db.RemoveSessionOf(t.Context(), "ann", "s1", set("ann"))
			must(t, err)
		}, open, false},
		"all sessions": {func(t *testing.T, db testDB) { db.apply(t, "ann", auth.EndSessions{}) }, open, false},
		"all sessions, later": {func(t *testing.T, db testDB) {
			must(t, db.RemoveSession(t.Context(), "token of s1", noon))
			db.apply(t, "ann", auth.EndSessions{Except: "another"})
		}, open, false},
		"account deleted": {func(t *testing.T, db testDB) { _, err := db.RemoveUser(t.Context(), "ann", set("ann")); must(t, err) }, open, false},
		"account disabled": {func(t *testing.T, db testDB) {
			_, err := db.ReplaceDisabled(t.Context(), "ann", true, set("ann"))
			must(t, err)
		}, open, false},
		"app disabled": {func(t *testing.T, db testDB) {
			_, err := db.ReplaceAppDisabled(t.Context(), "a1", true, set(""))
			must(t, err)
		}, open, false},
		"app removed": {func(t *testing.T, db testDB) { _, err := db.RemoveApp(t.Context(), "a1", set("")); must(t, err) }, open, false},
		"grant ended": {func(t *testing.T, db testDB) {
			must(t, db.EndGrant(t.Context(), "a1", "bound", noon))
			must(t, db.EndGrant(t.Context(), "a1", "offline", noon))
		}, open, false},
		"ended by another app": {func(t *testing.T, db testDB) { must(t, db.EndGrant(t.Context(), "a2", "offline", noon)) }, open, true},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, db testDB) {
				db.addAnn(t)
				db.addApp(t, app("a1"))
				offline := grant("offline", "ann", "s1", noon)
				offline.Offline = true
				db.addGrant(t, grant("bound", "ann", "s1", noon))
				db.addGrant(t, offline)
				if row.end != nil {
					row.end(t, db)
				}
				for id, active := range map[string]bool{"bound": name == "ended by another app", "offline": row.offline} {
					if _, err := db.FindGrant(t.Context(), id, row.bounds); (err == nil) != active {
						t.Errorf("%s grant: %v", id, err)
					}
				}
			})
		})
	}
}

// OI-08: a code is used only with everything it was issued for, within a minute, and
// something that is wrong consumes nothing.
func TestSpendCode(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.addApp(t, app("a1"))
		db.addGrant(t, grant("g1", "ann", "s1", noon))
		right := useOf("g1")
		spend := func(use oidc.CodeUse, now time.Time) oidc.Use {
			t.Helper()
			changes := reusedEvent("ann", "reuse")
			changes.At = now
			result, err := db.SpendCode(t.Context(), "ann", use, open, refreshToken("r1", noon), changes)
			must(t, err)
			return result
		}
		changes := map[string]func(u *oidc.CodeUse){
			"code": func(u *oidc.CodeUse) { u.Hash = "x" }, "app": func(u *oidc.CodeUse) { u.App = "a2" },
			"redirect URI": func(u *oidc.CodeUse) { u.RedirectURI += "?" }, "verifier": func(u *oidc.CodeUse) { u.Challenge = "" },
		}
		for name, change := range changes {
			wrong := right
			change(&wrong)
			if result := spend(wrong, noon); result != oidc.NotUsed {
				t.Errorf("wrong %s: %v", name, result)
			}
		}
		if result := spend(right, noon.Add(auth.AppCodeLifetime)); result != oidc.NotUsed {
			t.Errorf("expired: %v", result)
		}
		if result := spend(right, noon); result != oidc.Used {
			t.Errorf("right: %v", result)
		}
		for name, change := range changes {
			wrong := right
			change(&wrong)
			if result := spend(wrong, noon); result != oidc.NotUsed {
				t.Errorf("used, wrong %s: %v", name, result)
			}
		}
		db.wantActive(t, "g1", true)
		if result := spend(right, noon); result != oidc.Reused {
			t.Errorf("used: %v", result)
		}
		db.wantActive(t, "g1", false)
		if result := spend(right, noon); result != oidc.Reused {
			t.Errorf("used again: %v", result) // and the event is not recorded twice, which would fail
		}
		if n := db.count(t, `SELECT count(*) FROM audit_events WHERE name = 'App a1'`); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

// OI-09: of racing exchanges of one code one succeeds, and the others end the grant.
func TestSpendCode_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.addApp(t, app("a1"))
		db.addGrant(t, grant("g1", "ann", "s1", noon))
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			id := string(rune('A' + i))
			result, err := s.SpendCode(ctx, "ann", useOf("g1"), open, refreshToken(id, noon), reusedEvent("ann", id))
			return result == oidc.Used, err
		})
		db.wantActive(t, "g1", false)
		if n := db.count(t, `SELECT count(*) FROM app_refresh_tokens`); n != 1 {
			t.Errorf("%d refresh tokens", n)
		}
		if n := db.count(t, `SELECT count(*) FROM audit_events WHERE name = 'App a1'`); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

// addRefreshToken adds a grant whose code has been used for a refresh token.
func (db testDB) addRefreshToken(t *testing.T, hash string) {
	t.Helper()
	db.addAnn(t)
	db.addApp(t, app("a1"))
	db.addGrant(t, grant("g1", "ann", "s1", noon))
	result, err := db.SpendCode(t.Context(), "ann", useOf("g1"), open, refreshToken(hash, noon), set("ann"))
	wantTrue(t, result == oidc.Used, err)
}

// OI-23, OI-24: refresh tokens rotate. A lost response can be repeated within a minute
// while its successor is unused; any other reuse ends the grant.
func TestSpendRefreshToken(t *testing.T) {
	type spend struct {
		token, next string
		after       time.Duration
		want        oidc.Use
	}
	const never = 20 * 24 * time.Hour
	for name, steps := range map[string][]spend{
		"rotation":                  {{"r1", "r2", 0, oidc.Used}, {"r2", "r3", time.Hour, oidc.Used}, {"r3", "r4", 2 * time.Hour, oidc.Used}},
		"unknown":                   {{"x", "r2", 0, oidc.NotUsed}, {"r1", "r2", 0, oidc.Used}},
		"expired":                   {{"r1", "r2", never, oidc.NotUsed}},
		"lost response":             {{"r1", "r2", 0, oidc.Used}, {"r1", "r3", 59 * time.Second, oidc.Used}, {"r3", "r4", time.Hour, oidc.Used}},
		"lost twice":                {{"r1", "r2", 0, oidc.Used}, {"r1", "r3", time.Second, oidc.Used}, {"r1", "r4", 2 * time.Second, oidc.Used}, {"r4", "r5", time.Hour, oidc.Used}},
		"reuse after a minute":      {{"r1", "r2", 0, oidc.Used}, {"r1", "r3", 60 * time.Second, oidc.Reused}, {"r2", "r4", 61 * time.Second, oidc.NotUsed}},
		"reuse after its successor": {{"r1", "r2", 0, oidc.Used}, {"r2", "r3", time.Second, oidc.Used}, {"r1", "r4", 2 * time.Second, oidc.Reused}, {"r3", "r5", 3 * time.Second, oidc.NotUsed}},
		"replaced successor":        {{"r1", "r2", 0, oidc.Used}, {"r1", "r3", time.Second, oidc.Used}, {"r2", "r4", 2 * time.Second, oidc.Reused}, {"r3", "r5", 3 * time.Second, oidc.NotUsed}},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, db testDB) {
				db.addRefreshToken(t, "r1")
				for i, step := range steps {
					changes := reusedEvent("ann", step.next)
					changes.At = noon.Add(step.after)
					result, err := db.SpendRefreshToken(t.Context(), "ann", "a1", step.token, open, refreshToken(step.next, changes.At), changes)
					if err != nil || result != step.want {
						t.Errorf("step %d: %v, %v, want %v", i+1, result, err, step.want)
					}
					for _, token := range []string{step.token, step.next} {
						_, err := db.FindRefreshToken(t.Context(), "a2", token)
						wantNotFound(t, err)
						if result, err := db.SpendRefreshToken(t.Context(), "ann", "a2", token, open, refreshToken("other", noon), changes); err != nil || result != oidc.NotUsed {
							t.Errorf("step %d, another app: %v, %v", i+1, result, err)
						}
					}
				}
			})
		})
	}
}

// A code or token that could not be spent because of a fault is not refused as invalid: the
// app would sign its user out. On PostgreSQL no query follows one that failed.
func TestSpendToken_Fault(t *testing.T) {
	db := openSQLite(t)
	db.addRefreshToken(t, "r1")
	db.addGrant(t, grant("g2", "ann", "s1", noon))
	for table, spend := range map[string]func() (oidc.Use, error){
		"app_codes": func() (oidc.Use, error) {
			return db.SpendCode(t.Context(), "ann", useOf("g2"), open, refreshToken("r2", noon), set("ann"))
		},
		"app_refresh_tokens": func() (oidc.Use, error) {
			return db.SpendRefreshToken(t.Context(), "ann", "a1", "r1", open, refreshToken("r3", noon), set("ann"))
		},
	} {
		db.exec(t, `CREATE TRIGGER fault BEFORE UPDATE ON `+table+` BEGIN SELECT RAISE(ABORT, 'fault'); END`)
		if result, err := spend(); err == nil {
			t.Errorf("%s: %v", table, result)
		}
		db.exec(t, `DROP TRIGGER fault`)
		if result, err := spend(); result != oidc.Used || err != nil {
			t.Errorf("%s: %v, %v", table, result, err)
		}
	}
}

// OI-24: of racing refreshes with one token, the tokens of at most one stay valid. The
// others are answers to a lost response.
func TestSpendRefreshToken_OneSuccessor(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addRefreshToken(t, "r1")
		db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			id := string(rune('A' + i))
			result, err := s.SpendRefreshToken(ctx, "ann", "a1", "r1", open, refreshToken(id, noon), reusedEvent("ann", id))
			return result == oidc.Used, err
		})
		if n := db.count(t, `SELECT count(*) FROM app_refresh_tokens WHERE spent_at IS NULL AND replaced_at IS NULL`); n != 1 {
			t.Errorf("%d valid refresh tokens, want 1", n)
		}
	})
}

// OI-24: an attacker and the owner who race with a token and its successor never both
// have a valid token.
func TestSpendRefreshToken_RaceWithSuccessor(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addRefreshToken(t, "r1")
		_, err := db.SpendRefreshToken(t.Context(), "ann", "a1", "r1", open, refreshToken("r2", noon), set("ann"))
		must(t, err)
		db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			id := string(rune('A' + i))
			token := []string{"r1", "r2"}[i/2%2]
			result, err := s.SpendRefreshToken(ctx, "ann", "a1", token, open, refreshToken(id, noon), reusedEvent("ann", id))
			return result == oidc.Used, err
		})
		valid := db.count(t, `SELECT count(*) FROM app_refresh_tokens WHERE spent_at IS NULL AND replaced_at IS NULL`)
		_, err = db.FindGrant(t.Context(), "g1", open)
		if active := err == nil; active && valid != 1 {
			t.Errorf("%d valid refresh tokens of an active grant", valid)
		}
	})
}
