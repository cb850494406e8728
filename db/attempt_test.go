package db

import (
	"context"
	"reflect"
	"testing"
	"time"

	"twostep/auth"
)

func TestFindAttempt(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		want := attempt("ann", "a1").Attempt
		got, err := b.FindAttempt(t.Context(), "a1", noon)
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		_, err = b.FindAttempt(t.Context(), "a1", want.ExpiresAt)
		wantNotFound(t, err)
		_, err = b.FindAttempt(t.Context(), "unknown", noon)
		wantNotFound(t, err)

		want.TokenHash, want.Purpose, want.Session = "a2", auth.Reauthentication, "s1"
		want.Verified = append(want.Verified, auth.VerifiedFactor{Factor: auth.EmailCode, At: noon.Add(time.Second)})
		b.give(t, "ann", auth.AddAttempt{Attempt: want})
		got, err = b.FindAttempt(t.Context(), "a2", noon)
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}

		want.TokenHash, want.Purpose, want.Session, want.User, want.NewPasswordHash = "a3", auth.SignUp, "", "", "hash"
		b.give(t, "", auth.AddAttempt{Attempt: want})
		got, err = b.FindAttempt(t.Context(), "a3", noon)
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// An attempt that raises a session is of the session's own account.
func TestAddAttempt_NoSession(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.give(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
		for handle, a := range map[string]auth.Attempt{
			"ended":     {User: "ann", Session: "s9"},
			"another's": {User: "bob", Session: "s1"},
			"nobody's":  {Session: "s1"},
			"gone":      {User: "carol"},
		} {
			a.TokenHash, a.Purpose, a.ExpiresAt = handle, auth.Reauthentication, noon.Add(auth.AttemptLifetime)
			wantNotFound(t, b.AddAttempt(t.Context(), set(a.User, auth.AddAttempt{Attempt: a})))
			_, err := b.FindAttempt(t.Context(), handle, noon)
			wantNotFound(t, err)
		}
	})
}

func TestReplaceChosen(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		method := auth.Method{Factor: auth.PhoneCode, Phone: auth.Phone{ID: "p1"}}
		sent := code("a1")
		sent.MAC = []byte("newer")
		changed, err := b.ReplaceMethod(t.Context(), "a1", method, set("ann", sent))
		wantTrue(t, changed, err)
		got, err := b.FindAttempt(t.Context(), "a1", noon)
		must(t, err)
		if got.Chosen != method {
			t.Errorf("chosen is %+v", got.Chosen)
		}
		if c, err := b.FindSentCode(t.Context(), "a1"); err != nil || string(c.MAC) != "newer" {
			t.Errorf("the code is %q, %v", c.MAC, err)
		}
		late := auth.ChangeSet{User: "ann", At: noon.Add(auth.AttemptLifetime), Changes: []auth.Change{auth.QueueMessage{Message: message("m1")}}}
		changed, err = b.ReplaceMethod(t.Context(), "a1", method, late)
		wantFalse(t, changed, err)
		if n := b.count(t, `SELECT count(*) FROM messages`); n != 0 {
			t.Error("a message for an attempt that is over")
		}
	})
}

func TestRemoveAttempt(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		must(t, b.RemoveAttempt(t.Context(), "a1"))
		must(t, b.RemoveAttempt(t.Context(), "a1"))
		_, err := b.FindAttempt(t.Context(), "a1", noon)
		wantNotFound(t, err)
		_, err = b.FindSentCode(t.Context(), "a1")
		wantNotFound(t, err)
	})
}

// ST-08: an attempt is finished once, with however many right answers.
func TestEndAttempt_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.once(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			id := auth.SessionID("r" + string(rune('A'+i)))
			return s.SpendPassword(ctx, "ann", "hash of ann", "", set("ann", auth.EndAttempt{TokenHash: "a1"}, session("ann", id)))
		})
		if n := b.count(t, `SELECT count(*) FROM sessions`); n != 2 {
			t.Errorf("%d sessions, not ann's first and one more", n)
		}
	})
}

// ST-08: a right answer belongs to an attempt that is open; where it is over
// the answer is not used up.
func TestGrant_Proof(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		proof := auth.VerifiedFactor{Factor: auth.EmailCode, At: noon.Add(time.Second)}
		grant := set("ann", auth.AddVerifiedFactor{Attempt: "a1", VerifiedFactor: proof})
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, grant)
		wantTrue(t, spent, err)
		a, err := b.FindAttempt(t.Context(), "a1", noon)
		must(t, err)
		if want := append(attempt("ann", "a1").Verified, proof); !reflect.DeepEqual(a.Verified, want) {
			t.Errorf("proved is %+v, not %+v", a.Verified, want)
		}
		late := grant
		late.At = noon.Add(auth.AttemptLifetime)
		spent, err = b.SpendTOTPStep(t.Context(), "ann", 102, late)
		wantFalse(t, spent, err)
		must(t, b.RemoveAttempt(t.Context(), "a1"))
		spent, err = b.SpendTOTPStep(t.Context(), "ann", 102, grant)
		wantFalse(t, spent, err)
		if key, err := b.FindTOTP(t.Context(), "ann"); err != nil || key.LastStep != 101 {
			t.Errorf("the step went to %d, %v", key.LastStep, err)
		}
		wantTables(t, b.tables(t), map[string]int{"attempts": 0, "attempt_factors": 0})
	})
}

// Of answers to an attempt that is being ended, those that came before count
// and go with it; none brings it back.
func TestGrant_ProofAgainstEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			if i == racers/2 {
				return true, s.RemoveAttempt(ctx, "a1")
			}
			proof := auth.AddVerifiedFactor{Attempt: "a1", VerifiedFactor: auth.VerifiedFactor{Factor: auth.TOTPCode, At: noon}}
			return s.SpendPassword(ctx, "ann", "hash of ann", "", set("ann", proof))
		})
		wantTables(t, b.tables(t), map[string]int{"attempts": 0, "attempt_factors": 0})
	})
}

// RC-03: a newer request kills the older ones of its purpose and account, and
// of nobody else.
func TestGrant_EndOlder(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.everything(t, "bob", noon)
		reset := func(user auth.UserID, handle string) auth.AddAttempt {
			a := attempt(user, handle)
			a.Purpose = auth.ResetPassword
			return a
		}
		b.give(t, "ann", reset("ann", "r1"), code("r1"))
		b.give(t, "bob", reset("bob", "r2"), code("r2"))
		b.give(t, "", reset("", "r3"), code("r3"))
		b.give(t, "ann", auth.EndOlderAttempts{Purpose: auth.ResetPassword, Except: "r4"}, reset("ann", "r4"), code("r4"))
		b.give(t, "", auth.EndOlderAttempts{Purpose: auth.ResetPassword, Except: "r5"}, reset("", "r5"), code("r5"))
		for handle, want := range map[string]bool{
			"a1": true, "r1": false, "r2": true, "r3": true, "r4": true, "r5": true, "attempt of bob": true,
		} {
			_, missing := b.FindAttempt(t.Context(), handle, noon)
			_, codeless := b.FindSentCode(t.Context(), handle)
			if (missing == nil) != want || (codeless == nil) != want {
				t.Errorf("%s: %v, %v", handle, missing, codeless)
			}
		}
	})
}
