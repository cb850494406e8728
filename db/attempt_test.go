package db

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"twostep/auth"
)

func TestFindAttempt(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		want := attempt("ann", "a1").Attempt
		got, err := db.FindAttempt(t.Context(), "a1", noon)
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		_, err = db.FindAttempt(t.Context(), "a1", want.ExpiresAt)
		wantNotFound(t, err)
		_, err = db.FindAttempt(t.Context(), "unknown", noon)
		wantNotFound(t, err)

		want.TokenHash, want.Purpose, want.Session = "a2", auth.Reauthentication, "s1"
		want.Verified = append(want.Verified, auth.VerifiedFactor{Factor: auth.EmailCode, At: noon.Add(time.Second)})
		db.apply(t, "ann", auth.AddAttempt{Attempt: want})
		got, err = db.FindAttempt(t.Context(), "a2", noon)
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}

		want.TokenHash, want.Purpose, want.Session, want.User, want.NewPasswordHash = "a3", auth.SignUp, "", "", "hash"
		db.apply(t, "", auth.AddAttempt{Attempt: want})
		got, err = db.FindAttempt(t.Context(), "a3", noon)
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// A re-authentication needs an existing session that belongs to the same account.
func TestAddAttempt_InvalidSession(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
		for tokenHash, a := range map[string]auth.Attempt{
			"unknown session":      {User: "ann", Session: "s9"},
			"another user's":       {User: "bob", Session: "s1"},
			"session without user": {Session: "s1"},
			"unknown user":         {User: "carol"},
		} {
			a.TokenHash, a.Purpose, a.ExpiresAt = tokenHash, auth.Reauthentication, noon.Add(auth.AttemptLifetime)
			wantNotFound(t, db.AddAttempt(t.Context(), set(a.User, auth.AddAttempt{Attempt: a})))
			_, err := db.FindAttempt(t.Context(), tokenHash, noon)
			wantNotFound(t, err)
		}
	})
}

// RL-01: of racing requests that begin attempts no more are counted and begun than the
// limit allows, and one whose attempt exists is not counted (RL-04).
func TestAllowAttempt_Limit(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		limit := func(max int) []auth.RateLimit {
			return []auth.RateLimit{
				{Key: "wide", Limiter: auth.Window{Max: 40, Per: time.Hour}},
				{Key: "narrow", Limiter: auth.Window{Max: max, Per: time.Hour}},
			}
		}
		racer := func(i int) auth.ChangeSet {
			return set("", attempt("", fmt.Sprint("racer", i)))
		}
		allowed := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			refused, count, err := s.AllowAttempt(ctx, limit(7), racer(i))
			if refused >= 0 && (refused != 1 || !count.ReadyAt.Equal(noon.Add(time.Hour))) {
				t.Errorf("refused by %d until %v", refused, count.ReadyAt)
			}
			return refused < 0, err
		})
		if allowed != 7 {
			t.Errorf("%d requests were allowed, want 7", allowed)
		}
		if n := db.count(t, `SELECT count(*) FROM attempts WHERE token_hash LIKE 'racer%'`); n != 7 {
			t.Errorf("%d attempts, want 7", n)
		}
		_, _, err := db.AllowAttempt(t.Context(), limit(40), racer(100))
		must(t, err)
		_, _, err = db.AllowAttempt(t.Context(), limit(40), racer(100))
		wantNotFound(t, err)
		if n := db.count(t, `SELECT sum(count) FROM rate_limits WHERE key IN ('wide', 'narrow')`); n != 16 {
			t.Errorf("counted %d, want 16", n)
		}
	})
}

func TestReplaceMethod(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		method := auth.Method{Factor: auth.PhoneCode, Phone: auth.Phone{ID: "p1"}}
		sent := code("a1")
		sent.MAC = []byte("newer")
		changed, err := db.ReplaceMethod(t.Context(), "a1", method, set("ann", sent))
		wantTrue(t, changed, err)
		got, err := db.FindAttempt(t.Context(), "a1", noon)
		must(t, err)
		if got.Chosen != method {
			t.Errorf("chosen is %+v", got.Chosen)
		}
		if c, err := db.FindSentCode(t.Context(), "a1"); err != nil || string(c.MAC) != "newer" {
			t.Errorf("the code is %q, %v", c.MAC, err)
		}
		late := auth.ChangeSet{User: "ann", At: noon.Add(auth.AttemptLifetime), Changes: []auth.Change{auth.QueueMessage{Message: message("m1")}}}
		changed, err = db.ReplaceMethod(t.Context(), "a1", method, late)
		wantFalse(t, changed, err)
		if n := db.count(t, `SELECT count(*) FROM messages`); n != 0 {
			t.Error("a message was queued for an expired attempt")
		}
	})
}

func TestRemoveAttempt(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		must(t, db.RemoveAttempt(t.Context(), "a1"))
		must(t, db.RemoveAttempt(t.Context(), "a1"))
		_, err := db.FindAttempt(t.Context(), "a1", noon)
		wantNotFound(t, err)
		_, err = db.FindSentCode(t.Context(), "a1")
		wantNotFound(t, err)
	})
}

// ST-08: an attempt is completed once, even by concurrent correct responses.
func TestEndAttempt_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			id := auth.SessionID("r" + string(rune('A'+i)))
			return s.SpendPassword(ctx, "ann", "hash of ann", "", set("ann", auth.EndAttempt{TokenHash: "a1"}, session("ann", id)))
		})
		if n := db.count(t, `SELECT count(*) FROM sessions`); n != 2 {
			t.Errorf("%d sessions, want 2: ann's first and the new one", n)
		}
	})
}

// ST-08: a verified factor is added only to an attempt that has not ended or
// expired. Otherwise the response is not consumed.
func TestApply_AddVerifiedFactor(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		verified := auth.VerifiedFactor{Factor: auth.EmailCode, At: noon.Add(time.Second)}
		changes := set("ann", auth.AddVerifiedFactor{Attempt: "a1", VerifiedFactor: verified})
		spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, changes)
		wantTrue(t, spent, err)
		a, err := db.FindAttempt(t.Context(), "a1", noon)
		must(t, err)
		if want := append(attempt("ann", "a1").Verified, verified); !reflect.DeepEqual(a.Verified, want) {
			t.Errorf("verified factors are %+v, want %+v", a.Verified, want)
		}
		late := changes
		late.At = noon.Add(auth.AttemptLifetime)
		spent, err = db.SpendTOTPStep(t.Context(), "ann", 102, late)
		wantFalse(t, spent, err)
		must(t, db.RemoveAttempt(t.Context(), "a1"))
		spent, err = db.SpendTOTPStep(t.Context(), "ann", 102, changes)
		wantFalse(t, spent, err)
		if key, err := db.FindTOTP(t.Context(), "ann"); err != nil || key.LastStep != 101 {
			t.Errorf("last step is %d, want 101; error %v", key.LastStep, err)
		}
		wantRows(t, db.rowCounts(t), map[string]int{"attempts": 0, "attempt_factors": 0})
	})
}

// A response that is verified while its attempt is removed leaves no row behind.
func TestRemoveAttempt_DuringResponses(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			if i == raceCallers/2 {
				return true, s.RemoveAttempt(ctx, "a1")
			}
			verified := auth.AddVerifiedFactor{Attempt: "a1", VerifiedFactor: auth.VerifiedFactor{Factor: auth.TOTPCode, At: noon}}
			return s.SpendPassword(ctx, "ann", "hash of ann", "", set("ann", verified))
		})
		wantRows(t, db.rowCounts(t), map[string]int{"attempts": 0, "attempt_factors": 0})
	})
}

// RC-03: a newer attempt ends older ones of the same purpose and account only.
func TestApply_EndOlderAttempts(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.addEverything(t, "bob", noon)
		reset := func(user auth.UserID, tokenHash string) auth.AddAttempt {
			a := attempt(user, tokenHash)
			a.Purpose = auth.ResetPassword
			a.Verified = nil
			return a
		}
		verified := reset("ann", "r0")
		verified.Verified = []auth.VerifiedFactor{{Factor: auth.EmailCode, At: noon}}
		db.apply(t, "ann", verified)
		signIn := attempt("ann", "s0")
		signIn.Verified = nil
		db.apply(t, "ann", signIn, code("s0"), reset("ann", "r1"), code("r1"))
		db.apply(t, "bob", reset("bob", "r2"), code("r2"))
		db.apply(t, "", reset("", "r3"), code("r3"))
		db.apply(t, "ann", auth.EndOlderAttempts{Purpose: auth.ResetPassword, Except: "r4"}, reset("ann", "r4"), code("r4"))
		db.apply(t, "ann", auth.EndOlderAttempts{Purpose: auth.ResetPassword, Except: "r4"}) // of the same form again
		db.apply(t, "", auth.EndOlderAttempts{Purpose: auth.ResetPassword, Except: "r5"}, reset("", "r5"), code("r5"))
		for tokenHash, want := range map[string]bool{
			"a1": true, "s0": true, "r1": false, "r2": true, "r3": true, "r4": true, "r5": true, "attempt of bob": true,
		} {
			_, attemptErr := db.FindAttempt(t.Context(), tokenHash, noon)
			_, codeErr := db.FindSentCode(t.Context(), tokenHash)
			if (attemptErr == nil) != want || (codeErr == nil) != want {
				t.Errorf("%s: want found %v; attempt: %v; code: %v", tokenHash, want, attemptErr, codeErr)
			}
		}
		if _, err := db.FindAttempt(t.Context(), "r0", noon); err != nil {
			t.Errorf("one whose code was verified was ended: %v", err)
		}
	})
}

// The demand of a re-authentication is stored with its attempt, and replaced only in an
// attempt of that account and session.
func TestApply_ReplaceDemand(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		a := auth.Attempt{
			TokenHash: "r1", Purpose: auth.Reauthentication, User: "ann", Email: "ann@example.org", Session: "s1",
			Demand: auth.Demand{AllFactors: true, NotBefore: noon, Level: auth.TwoFactors}, Next: "/account/activity",
			ExpiresAt: noon.Add(auth.AttemptLifetime),
		}
		db.apply(t, "ann", auth.AddAttempt{Attempt: a})
		found := func() {
			t.Helper()
			got, err := db.FindAttempt(t.Context(), "r1", noon)
			must(t, err)
			if !reflect.DeepEqual(got, a) {
				t.Errorf("got %+v, want %+v", got, a)
			}
		}
		found()
		other := a
		other.Demand, other.Session = auth.Demand{}, "s2"
		wantNotFound(t, db.Apply(t.Context(), set("ann", auth.ReplaceDemand{Attempt: other})))
		wantNotFound(t, db.Apply(t.Context(), set("bob", auth.ReplaceDemand{Attempt: a})))
		found()
		a.Demand, a.Next, a.ExpiresAt = auth.Demand{NotBefore: noon.Add(time.Hour)}, "/account", a.ExpiresAt.Add(time.Minute)
		db.apply(t, "ann", auth.ReplaceDemand{Attempt: a})
		found()
	})
}
