package db

import (
	"errors"
	"testing"
	"time"

	"twostep/auth"
)

// ST-08: if the attempt has ended nothing is applied and the response is not consumed.
func TestApply_AttemptEnded(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		must(t, b.RemoveAttempt(t.Context(), "a1"))
		changes := set("ann", auth.EndAttempt{TokenHash: "a1"}, session("ann", "s2"), auth.QueueMessage{Message: message("m1")})
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, changes)
		wantFalse(t, spent, err)
		spent, err = b.SpendBackupCode(t.Context(), "ann", "h1", changes)
		wantFalse(t, spent, err)
		spent, err = b.SpendPassword(t.Context(), "ann", "hash of ann", "", changes)
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
			t.Errorf("the last step is %d, %v", key.LastStep, err)
		}
	})
}

// An expired attempt has ended although its row still exists.
func TestApply_AttemptExpired(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		late := auth.ChangeSet{User: "ann", At: noon.Add(auth.AttemptLifetime), Changes: []auth.Change{auth.EndAttempt{TokenHash: "a1"}, session("ann", "s2")}}
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, late)
		wantFalse(t, spent, err)
	})
}

// ST-08: an error in one change undoes all of them and the consumed response.
func TestApply_ErrorUndoesAll(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		twice := auth.QueueMessage{Message: message("m1")} // the second one fails
		spent, err := b.SpendBackupCode(t.Context(), "ann", "h1", set("ann",
			auth.EndAttempt{TokenHash: "a1"},
			session("ann", "s2"),
			twice,
			twice,
		))
		if err == nil || spent {
			t.Fatalf("spent %v, error %v", spent, err)
		}
		if n := b.count(t, `SELECT (SELECT count(*) FROM backup_codes) * 100 + (SELECT count(*) FROM sessions) * 10 + (SELECT count(*) FROM attempts)`); n != 211 {
			t.Errorf("codes, sessions and attempts are %d, not 211", n)
		}
	})
}

// ST-08: of responses with different factors one completes the attempt.
func TestApply_OneSessionPerAttempt(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		finish := func(id auth.SessionID) auth.ChangeSet {
			return set("ann", auth.EndAttempt{TokenHash: "a1"}, session("ann", id))
		}
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, finish("s2"))
		wantTrue(t, spent, err)
		spent, err = b.SpendBackupCode(t.Context(), "ann", "h1", finish("s3"))
		wantFalse(t, spent, err)
	})
}

// FF-05: an email address belongs to the account that verifies it first.
func TestApply_EmailTaken(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		up := attempt("", "a2")
		b.give(t, "", up, code("a2"))
		again := user("ann")
		again.ID = "other"
		spent, err := b.SpendSentCode(t.Context(), code("a2").SentCode, set("other",
			auth.EndAttempt{TokenHash: "a2"},
			auth.AddUser{User: again, CreatedAt: noon},
			session("other", "s9"),
		))
		if spent || !errors.Is(err, auth.ErrEmailTaken) {
			t.Errorf("spent %v, error %v", spent, err)
		}
		if _, err := b.FindSentCode(t.Context(), "a2"); err != nil {
			t.Errorf("the code was consumed: %v", err)
		}
	})
}

// All attempts of the account end with their codes; sessions, and an attempt that is
// added after that change, do not.
func TestApply_EndAttempts(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.everything(t, "bob", noon)
		b.give(t, "ann", attempt("ann", "a2"), code("a2"))
		b.give(t, "ann", auth.EndAttempts{}, attempt("ann", "a3"), code("a3"))
		for tokenHash, want := range map[string]bool{"a1": false, "a2": false, "a3": true, "attempt of bob": true} {
			_, missing := b.FindAttempt(t.Context(), tokenHash, noon)
			_, codeless := b.FindSentCode(t.Context(), tokenHash)
			if (missing == nil) != want || (codeless == nil) != want {
				t.Errorf("%s: %v, %v", tokenHash, missing, codeless)
			}
		}
		_, err := b.FindSession(t.Context(), "handle of s1")
		must(t, err)
	})
}

// SE-09: all sessions and attempts of the account end with what belongs to them, except
// one session and those added after that change.
func TestApply_EndSessions(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.give(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon}, session("bob", "b1"))
		b.give(t, "bob", attempt("bob", "a-bob"), code("a-bob"))
		b.give(t, "ann", session("ann", "s2"))
		for _, id := range []auth.SessionID{"s1", "s2"} {
			e := auth.PhoneEnrolment{ID: "e-" + string(id), Session: id, User: "ann", Number: "+4915100000002", ExpiresAt: noon.Add(time.Hour)}
			must(t, b.ReplacePhoneEnrolment(t.Context(), e, set("ann", code(e.ID))))
		}
		b.give(t, "ann",
			auth.EndSessions{Except: "s1"},
			session("ann", "s3"),
			attempt("ann", "a3"),
		)
		for query, want := range map[string]int{
			`SELECT count(*) FROM sessions WHERE id IN ('s1', 's3', 'b1')`:              3,
			`SELECT count(*) FROM sessions`:                                             3,
			`SELECT count(*) FROM attempts WHERE token_hash IN ('a3', 'a-bob')`:         2,
			`SELECT count(*) FROM attempts`:                                             2,
			`SELECT count(*) FROM sent_codes WHERE holder IN ('e-s1', 'a-bob')`:         2,
			`SELECT count(*) FROM sent_codes`:                                           2,
			`SELECT count(*) FROM phone_enrolments WHERE session_id = 's1'`:             1,
			`SELECT count(*) FROM phone_enrolments`:                                     1,
			`SELECT count(*) FROM attempt_factors WHERE attempt_hash IN ('a1')`:         0,
			`SELECT count(*) FROM attempt_factors WHERE attempt_hash IN ('a3','a-bob')`: 2,
		} {
			if got := b.count(t, query); got != want {
				t.Errorf("%s is %d, not %d", query, got, want)
			}
		}
	})
}

// ST-08: changes are applied in list order, and one that cannot be applied
// undoes those before it.
func TestApply_InOrder(t *testing.T) {
	begin, end := session("ann", "s2"), auth.EndSessions{}
	for name, c := range map[string]struct {
		changes []auth.Change
		applied bool
		want    int // sessions
	}{
		"what ends, then what begins":       {[]auth.Change{end, begin}, true, 1},
		"what begins, then what ends":       {[]auth.Change{begin, end}, true, 0},
		"an attempt, then all others":       {[]auth.Change{auth.EndAttempt{TokenHash: "a1"}, end, begin}, true, 1},
		"all attempts, then one of them":    {[]auth.Change{end, auth.EndAttempt{TokenHash: "a1"}, begin}, false, 1},
		"a precondition that fails at last": {[]auth.Change{end, auth.RenewSession{Session: "s1", PasswordAt: noon}}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, b base) {
				b.ann(t)
				spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, set("ann", c.changes...))
				must(t, err)
				if n := b.count(t, `SELECT count(*) FROM sessions`); spent != c.applied || n != c.want {
					t.Errorf("applied %v and %d sessions, want %v and %d", spent, n, c.applied, c.want)
				}
			})
		})
	}
}

// An account is added before what belongs to it.
func TestApply_AccountFirst(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		account, begin := auth.AddUser{User: user("bob"), CreatedAt: noon}, session("bob", "s2")
		wantNotFound(t, b.Apply(t.Context(), set("bob", begin, account)))
		must(t, b.Apply(t.Context(), set("bob", account, begin)))
	})
}

// Every change is written to the account of the set, which is the one that is
// locked, and to no other.
func TestApply_OneAccount(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		b.everything(t, "bob", noon)
		wantNotFound(t, b.Apply(t.Context(), set("ann", auth.RenewSession{Session: "session of bob", MFAAt: noon})))
		wantNotFound(t, b.Apply(t.Context(), set("", session("bob", "s2"))))
		spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, set("bob", session("ann", "s2")))
		if spent || err == nil {
			t.Errorf("changes to an account that is not locked: %v, %v", spent, err)
		}
		b.give(t, "ann", session("bob", "s2"))
		if s, err := b.FindSession(t.Context(), "handle of s2"); err != nil || s.User != "ann" {
			t.Errorf("the session belongs to %q, %v", s.User, err)
		}
	})
}
