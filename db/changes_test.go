package db

import (
	"errors"
	"testing"
	"time"

	"twostep/auth"
)

// ST-08: if the attempt has ended nothing is applied and the response is not consumed.
func TestApply_AttemptEnded(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		must(t, db.RemoveAttempt(t.Context(), "a1"))
		changes := set("ann", auth.EndAttempt{TokenHash: "a1"}, session("ann", "s2"), auth.QueueMessage{Message: message("m1")})
		spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, changes)
		wantFalse(t, spent, err)
		spent, err = db.SpendBackupCode(t.Context(), "ann", "h1", changes)
		wantFalse(t, spent, err)
		spent, err = db.SpendPassword(t.Context(), "ann", "hash of ann", "", changes)
		wantFalse(t, spent, err)
		if n := db.count(t, `SELECT count(*) FROM sessions`); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
		if n := db.count(t, `SELECT count(*) FROM messages`); n != 0 {
			t.Errorf("%d messages, want 0", n)
		}
		if n := db.count(t, `SELECT count(*) FROM backup_codes`); n != 2 {
			t.Errorf("%d backup codes left, want 2", n)
		}
		if key, err := db.FindTOTP(t.Context(), "ann"); err != nil || key.LastStep != 100 {
			t.Errorf("last step is %d, want 100; error %v", key.LastStep, err)
		}
	})
}

// An expired attempt has ended although its row still exists.
func TestApply_AttemptExpired(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		late := auth.ChangeSet{User: "ann", At: noon.Add(auth.AttemptLifetime), Changes: []auth.Change{auth.EndAttempt{TokenHash: "a1"}, session("ann", "s2")}}
		spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, late)
		wantFalse(t, spent, err)
	})
}

// ST-08: an error in one change undoes all of them and the consumed response.
func TestApply_ErrorUndoesAll(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		duplicate := auth.QueueMessage{Message: message("m1")} // the second one fails
		spent, err := db.SpendBackupCode(t.Context(), "ann", "h1", set("ann",
			auth.EndAttempt{TokenHash: "a1"},
			session("ann", "s2"),
			duplicate,
			duplicate,
		))
		if err == nil || spent {
			t.Fatalf("spent %v, error %v", spent, err)
		}
		if n := db.count(t, `SELECT (SELECT count(*) FROM backup_codes) * 100 + (SELECT count(*) FROM sessions) * 10 + (SELECT count(*) FROM attempts)`); n != 211 {
			t.Errorf("codes, sessions and attempts are %d, want 211", n)
		}
	})
}

// ST-08: of responses with different factors, only one completes the attempt.
func TestApply_OneSessionPerAttempt(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		complete := func(id auth.SessionID) auth.ChangeSet {
			return set("ann", auth.EndAttempt{TokenHash: "a1"}, session("ann", id))
		}
		spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, complete("s2"))
		wantTrue(t, spent, err)
		spent, err = db.SpendBackupCode(t.Context(), "ann", "h1", complete("s3"))
		wantFalse(t, spent, err)
	})
}

// FF-05: an email address belongs to the account that verifies it first.
func TestApply_EmailTaken(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		signUp := attempt("", "a2")
		db.apply(t, "", signUp, code("a2"))
		same := user("ann")
		same.ID = "other"
		spent, err := db.SpendSentCode(t.Context(), code("a2").SentCode, set("other",
			auth.EndAttempt{TokenHash: "a2"},
			auth.AddUser{User: same, CreatedAt: noon},
			session("other", "s9"),
		))
		if spent || !errors.Is(err, auth.ErrEmailTaken) {
			t.Errorf("spent %v, error %v", spent, err)
		}
		if _, err := db.FindSentCode(t.Context(), "a2"); err != nil {
			t.Errorf("the code was consumed: %v", err)
		}
	})
}

// All attempts of the account end with their codes; sessions, and an attempt that is
// added after that change, do not.
func TestApply_EndAttempts(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.addEverything(t, "bob", noon)
		db.apply(t, "ann", attempt("ann", "a2"), code("a2"))
		db.apply(t, "ann", auth.EndAttempts{}, attempt("ann", "a3"), code("a3"))
		for tokenHash, want := range map[string]bool{"a1": false, "a2": false, "a3": true, "attempt of bob": true} {
			_, attemptErr := db.FindAttempt(t.Context(), tokenHash, noon)
			_, codeErr := db.FindSentCode(t.Context(), tokenHash)
			if (attemptErr == nil) != want || (codeErr == nil) != want {
				t.Errorf("%s: want found %v; attempt: %v; code: %v", tokenHash, want, attemptErr, codeErr)
			}
		}
		_, err := db.FindSession(t.Context(), "token of s1")
		must(t, err)
	})
}

// SE-09: all sessions and attempts of the account end with what belongs to them, except
// one session and those added after that change.
func TestApply_EndSessions(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon}, session("bob", "b1"))
		db.apply(t, "bob", attempt("bob", "a-bob"), code("a-bob"))
		db.apply(t, "ann", session("ann", "s2"))
		for _, id := range []auth.SessionID{"s1", "s2"} {
			e := auth.PhoneEnrolment{ID: "e-" + string(id), Session: id, User: "ann", Number: "+4915100000002", ExpiresAt: noon.Add(time.Hour)}
			must(t, db.ReplacePhoneEnrolment(t.Context(), e, set("ann", code(e.ID))))
		}
		db.apply(t, "ann",
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
			if got := db.count(t, query); got != want {
				t.Errorf("%s is %d, want %d", query, got, want)
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
		"end sessions, then begin one":     {[]auth.Change{end, begin}, true, 1},
		"begin a session, then end all":    {[]auth.Change{begin, end}, true, 0},
		"end one attempt, then all others": {[]auth.Change{auth.EndAttempt{TokenHash: "a1"}, end, begin}, true, 1},
		"end all attempts, then one again": {[]auth.Change{end, auth.EndAttempt{TokenHash: "a1"}, begin}, false, 1},
		"last change cannot be applied":    {[]auth.Change{end, auth.RenewSession{Session: "s1", First: password(noon)}}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, db testDB) {
				db.addAnn(t)
				spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, set("ann", c.changes...))
				must(t, err)
				if n := db.count(t, `SELECT count(*) FROM sessions`); spent != c.applied || n != c.want {
					t.Errorf("applied %v and %d sessions, want %v and %d", spent, n, c.applied, c.want)
				}
			})
		})
	}
}

// An account is added before what belongs to it.
func TestApply_AccountFirst(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		account, begin := auth.AddUser{User: user("bob"), CreatedAt: noon}, session("bob", "s2")
		wantNotFound(t, db.Apply(t.Context(), set("bob", begin, account)))
		must(t, db.Apply(t.Context(), set("bob", account, begin)))
	})
}

// Every change is written to the account of the set, which is the one that is
// locked, and to no other.
func TestApply_OneAccount(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.addEverything(t, "bob", noon)
		wantNotFound(t, db.Apply(t.Context(), set("ann", auth.RenewSession{Session: "session of bob", First: password(noon)})))
		wantNotFound(t, db.Apply(t.Context(), set("", session("bob", "s2"))))
		spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, set("bob", session("ann", "s2")))
		if spent || err == nil {
			t.Errorf("changed an account that is not locked: spent %v, error %v", spent, err)
		}
		db.apply(t, "ann", session("bob", "s2"))
		if s, err := db.FindSession(t.Context(), "token of s2"); err != nil || s.User != "ann" {
			t.Errorf("session belongs to %q, %v", s.User, err)
		}
	})
}

// On PostgreSQL, which locks accounts, changes of no account take as many statements, so that
// their time does not say whether there is one.
func TestApply_NoAccount(t *testing.T) {
	db := openPostgres(t)
	db.addAnn(t)
	n := map[auth.UserID]int{}
	for _, id := range []auth.UserID{"", "ann"} {
		s := db.reopen(t)
		s.db.Trace(func(string) { n[id]++ })
		must(t, s.AddAttempt(t.Context(), set(id, attempt(id, "attempt of "+string(id)))))
	}
	if n[""] != n["ann"] {
		t.Errorf("%d statements without an account and %d with one", n[""], n["ann"])
	}
}
