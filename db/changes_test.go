package db

import (
	"errors"
	"testing"
	"time"

	"twostep/auth"
)

// ST-08: where the attempt is over already nothing is granted, and the answer
// is not used up either.
func TestGrant_AttemptOver(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		must(t, b.RemoveAttempt(t.Context(), "a1"))
		grant := auth.ChangeSet{At: noon, EndAttempt: "a1", Session: session("ann", "s2"), Messages: []auth.Message{message("m1")}}
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, grant)
		wantFalse(t, spent, err)
		spent, err = b.SpendBackupCode(t.Context(), "ann", "h1", grant)
		wantFalse(t, spent, err)
		spent, err = b.SpendPassword(t.Context(), "ann", "hash of ann", "", grant)
		wantFalse(t, spent, err)
		if n := b.count(t, `SELECT count(*) FROM sessions`); n != 1 {
			t.Errorf("%d sessions, not ann's one", n)
		}
		if n := b.count(t, `SELECT count(*) FROM messages`); n != 0 {
			t.Errorf("%d messages", n)
		}
		if n := b.count(t, `SELECT count(*) FROM backup_codes`); n != 2 {
			t.Errorf("%d backup codes left, not 2", n)
		}
		if key, err := b.FindTOTP(t.Context(), "ann"); err != nil || key.LastStep != 100 {
			t.Errorf("the step went to %d, %v", key.LastStep, err)
		}
	})
}

// An attempt that has expired is over, although its row still stands.
func TestGrant_AttemptExpired(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		late := auth.ChangeSet{At: noon.Add(auth.AttemptLifetime), EndAttempt: "a1", Session: session("ann", "s2")}
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, late)
		wantFalse(t, spent, err)
	})
}

// ST-08: a fault in the middle of a grant undoes all of it, and the spending.
func TestGrant_FaultUndoesAll(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		twice := []auth.Message{message("m1"), message("m1")} // the last part of a grant, and it fails
		spent, err := b.SpendBackupCode(t.Context(), "ann", "h1", auth.ChangeSet{
			At: noon, EndAttempt: "a1", Session: session("ann", "s2"), Messages: twice,
		})
		if err == nil || spent {
			t.Fatalf("spent %v, error %v", spent, err)
		}
		if n := b.count(t, `SELECT (SELECT count(*) FROM backup_codes) * 100 + (SELECT count(*) FROM sessions) * 10 + (SELECT count(*) FROM attempts)`); n != 211 {
			t.Errorf("codes, sessions and attempts are %d, not 211", n)
		}
	})
}

// ST-08: of answers by different factors that would finish one attempt, one does.
func TestGrant_OneSessionAnAttempt(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		finish := func(id auth.SessionID) auth.ChangeSet {
			return auth.ChangeSet{At: noon, EndAttempt: "a1", Session: session("ann", id)}
		}
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, finish("s2"))
		wantTrue(t, spent, err)
		spent, err = b.SpendBackupCode(t.Context(), "ann", "h1", finish("s3"))
		wantFalse(t, spent, err)
	})
}

// FF-05: an address belongs to one account, whoever proves it first.
func TestGrant_AddressTaken(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		up := attempt("", "a2")
		b.give(t, auth.ChangeSet{Attempt: up, Code: code("a2")})
		again := user("ann")
		again.ID = "other"
		spent, err := b.SpendSentCode(t.Context(), *code("a2"), auth.ChangeSet{
			At: noon, EndAttempt: "a2", NewUser: &auth.NewUser{User: again, CreatedAt: noon}, Session: session("other", "s9"),
		})
		if spent || !errors.Is(err, auth.ErrEmailTaken) {
			t.Errorf("spent %v, error %v", spent, err)
		}
		if _, err := b.FindSentCode(t.Context(), "a2"); err != nil {
			t.Errorf("the code is gone: %v", err)
		}
	})
}

// All that is under way to sign in to an account ends, and what is signed in
// goes on; what begins in the same grant begins.
func TestGrant_EndAttempts(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.everything(t, "bob", noon)
		b.give(t, auth.ChangeSet{Attempt: attempt("ann", "a2"), Code: code("a2")})
		b.give(t, auth.ChangeSet{EndAttempts: "ann", Attempt: attempt("ann", "a3"), Code: code("a3")})
		for handle, want := range map[string]bool{"a1": false, "a2": false, "a3": true, "attempt of bob": true} {
			_, missing := b.FindAttempt(t.Context(), handle, noon)
			_, codeless := b.FindSentCode(t.Context(), handle)
			if (missing == nil) != want || (codeless == nil) != want {
				t.Errorf("%s: %v, %v", handle, missing, codeless)
			}
		}
		_, err := b.FindSession(t.Context(), "handle of s1")
		must(t, err)
	})
}

// SE-09: what was signed in or on its way in ends, with all that hangs on it;
// the session that goes on and the one that begins stay.
func TestGrant_EndSessions(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.give(t, auth.ChangeSet{NewUser: &auth.NewUser{User: user("bob"), CreatedAt: noon}, Session: session("bob", "b1")})
		b.give(t, auth.ChangeSet{Session: session("ann", "s2"), Attempt: attempt("bob", "a-bob"), Code: code("a-bob")})
		for _, id := range []auth.SessionID{"s1", "s2"} {
			e := auth.PhoneEnrolment{ID: "e-" + string(id), Session: id, User: "ann", Number: "+4915100000002", ExpiresAt: noon.Add(time.Hour)}
			must(t, b.ReplacePhoneEnrolment(t.Context(), e, auth.ChangeSet{At: noon, Code: code(e.ID)}))
		}
		b.give(t, auth.ChangeSet{
			EndSessions: &auth.EndSessions{User: "ann", Except: "s1"}, Session: session("ann", "s3"), Attempt: attempt("ann", "a3"),
		})
		for query, want := range map[string]int{
			`SELECT count(*) FROM sessions WHERE id IN ('s1', 's3', 'b1')`:         3,
			`SELECT count(*) FROM sessions`:                                        3,
			`SELECT count(*) FROM attempts WHERE token_hash IN ('a3', 'a-bob')`:    2,
			`SELECT count(*) FROM attempts`:                                        2,
			`SELECT count(*) FROM sent_codes WHERE holder IN ('e-s1', 'a-bob')`:    2,
			`SELECT count(*) FROM sent_codes`:                                      2,
			`SELECT count(*) FROM phone_enrolments WHERE session_id = 's1'`:        1,
			`SELECT count(*) FROM phone_enrolments`:                                1,
			`SELECT count(*) FROM attempt_factors WHERE attempt_hash IN ('a1')`:         0,
			`SELECT count(*) FROM attempt_factors WHERE attempt_hash IN ('a3','a-bob')`: 2,
		} {
			if got := b.count(t, query); got != want {
				t.Errorf("%s is %d, not %d", query, got, want)
			}
		}
	})
}
