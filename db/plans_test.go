package db

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// Every query of the store finds its rows by an index, so that none grows slow
// with the number of accounts. The queries are those that were run once each
// method was called, so a new one is looked at unasked.
func TestQueries_UseIndexes(t *testing.T) {
	db := openSQLite(t)
	recorded := db.recordQueries()
	db.runAllQueries(t)
	queries := recorded()
	for _, query := range queries {
		for _, line := range db.plan(t, query) {
			given := line == "SCAN CONSTANT ROW" || strings.HasSuffix(line, "VALUES CLAUSE")
			if strings.HasPrefix(line, "SCAN") && !given && line != "SCAN due" && line != "SCAN failed" {
				t.Errorf("%s reads a whole table:%s", line, query)
			}
		}
	}
	if len(queries) < 85 {
		t.Errorf("only %d queries were looked at", len(queries))
	}
}

// A page of somebody signed in reads its session and the factors: one query.
func TestQueries_SignedInPage(t *testing.T) {
	db := openSQLite(t)
	db.addAnn(t)
	recorded := db.recordQueries()
	before := len(recorded())
	_, _, err := db.FindSessionFactors(t.Context(), "token of s1", noon)
	must(t, err)
	if more := len(recorded()) - before; more != 1 {
		t.Errorf("%d queries, not 1", more)
	}
}

// noted returns a function that returns every query that has run since.
func (db testDB) recordQueries() (recorded func() []string) {
	texts := map[string]bool{}
	db.db.Trace(func(query string) { texts[query] = true })
	return func() []string { return slices.Collect(maps.Keys(texts)) }
}

func (db testDB) plan(t *testing.T, query string) (lines []string) {
	t.Helper()
	nothing := make([]any, 64) // the driver ignores those past the last placeholder
	rows, err := db.db.SQL().QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query, nothing...)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var line string
		must(t, rows.Scan(&id, &parent, &unused, &line))
		lines = append(lines, line)
	}
	must(t, rows.Err())
	return lines
}

// walk calls every method of the store.
func (db testDB) runAllQueries(t *testing.T) {
	t.Helper()
	ctx, changes := t.Context(), auth.ChangeSet{At: noon}
	db.addAnn(t)
	ok := func(_ any, err error) { t.Helper(); must(t, err) }
	must(t, db.Ping(ctx))
	must(t, db.VerifyKeyring(ctx))
	must(t, db.addCheckValue(ctx))
	_, _, err := db.Allow(ctx, noon, []auth.RateLimit{{Key: "k", Limiter: auth.Window{Max: 1, Per: time.Hour}}})
	must(t, err)
	ok(db.FindUserByEmail(ctx, "aann@example.org"))
	ok(db.FindFactors(ctx, "ann", noon))
	ok(db.FindAttempt(ctx, "a1", noon))
	ok(db.ReplaceMethod(ctx, "a1", auth.Method{}, changes))
	ok(db.FindSentCode(ctx, "a1"))
	ok(db.AllowSentCodeAttempt(ctx, "a1", 5))
	ok(db.SpendSentCode(ctx, code("a1").SentCode, set("ann", auth.EndAttempt{TokenHash: "a1"}, auth.SettleCounts{Reset: []string{"k"}})))
	ok(db.SpendPassword(ctx, "ann", "hash of ann", "", set("ann",
		auth.EndSessions{Except: "s1"},
		auth.QueueMessage{Message: messageFor("m1", "a1")},
	)))
	ok(db.FindBackupSalt(ctx, "ann"))
	ok(db.SpendBackupCode(ctx, "ann", "h1", changes))
	ok(db.ReplaceBackupCodes(ctx, codes("ann", "n1").BackupCodeSet, changes))
	ok(db.FindUnseenCodes(ctx, "ann", noon))
	ok(db.SpendUnseenCodes(ctx, "ann"))
	ok(db.FindTOTP(ctx, "ann"))
	ok(db.SpendTOTPStep(ctx, "ann", 101, changes))
	must(t, db.AddTOTPEnrolment(ctx, totpEnrolment("k1"), noon))
	ok(db.FindTOTPEnrolment(ctx, "s1", noon))
	ok(db.ReplaceTOTPEnrolment(ctx, "k1", totpEnrolment("k1")))
	done := totpEnrolment("k1")
	done.VerifiedAt = noon
	ok(db.SpendTOTPEnrolment(ctx, done, changes))
	must(t, db.ReplacePhoneEnrolment(ctx, phoneEnrolment("e1"), changes))
	ok(db.FindPhoneEnrolment(ctx, "s1", noon))
	ok(db.ReplacePhoneCode(ctx, "e1", changes))
	must(t, db.RemovePhoneEnrolment(ctx, "s1"))
	ok(db.ReservePhone(ctx, "ann", "p1", changes))
	ok(db.ReplaceDefaultPhone(ctx, "ann", "p1", changes))
	ok(db.ReleasePhone(ctx, "ann", "p1", changes))
	ok(db.RemovePhone(ctx, "ann", "p1", false, changes))
	ok(db.RemoveTOTP(ctx, "ann", changes))
	ok(db.FindSession(ctx, "token of s1"))
	must(t, db.TouchSession(ctx, "s1", noon.Add(time.Minute)))
	must(t, db.RemoveSession(ctx, "token of s1"))
	must(t, db.RemoveAttempt(ctx, "a1"))
	ok(db.ClaimMessages(ctx, auth.BySMS, noon, noon.Add(time.Minute), latest, 1))
	must(t, db.RescheduleMessage(ctx, "m1", 1, noon, noon))
	ok(db.SpendMessage(ctx, "m1", noon))
	ok(db.RejectMessage(ctx, "m1", noon))
	ok(db.FindStalledChannels(ctx, auth.BySMS, 2))
	ok(db.RemoveMessages(ctx, noon))
	db.runAccountQueries(t)
}

// walkAccount calls the methods for what an account has beside its factors.
func (db testDB) runAccountQueries(t *testing.T) {
	t.Helper()
	ctx, changes := t.Context(), auth.ChangeSet{At: noon}
	ok := func(_ any, err error) { t.Helper(); must(t, err) }
	db.addEverything(t, "bob", noon)
	db.apply(t, "bob",
		auth.AddVerifiedFactor{Attempt: "attempt of bob", VerifiedFactor: auth.VerifiedFactor{At: noon}},
		auth.EndOlderAttempts{Purpose: auth.SignIn, Except: "newest"},
		auth.ClearMustChange{},
		attempt("bob", "newest"),
	)
	ok(db.SpendPassword(ctx, "bob", "hash of bob", "", set("bob",
		session("bob", "more"),
		auth.RenewSession{Session: "session of bob"},
	)))
	ok(db.FindUser(ctx, "bob"))
	ok(db.FindSessions(ctx, "bob"))
	ok(db.FindEmails(ctx, "bob"))
	ok(db.FindActivity(ctx, "bob", "", 10))
	ok(db.FindKnownDevice(ctx, "bob", "device of bob"))
	ok(db.FindNoticeEmail(ctx, "bob"))
	ok(db.FindEmailEnrolment(ctx, "bob", noon))
	ok(db.FindEmailChange(ctx, "stop bob", noon))
	ok(db.SpendEmailEnrolment(ctx, "email of bob", changes))
	e := emailEnrolment("bob", auth.ForSignIn, "new@example.org")
	must(t, db.ReplaceEmailEnrolment(ctx, e, changes))
	ok(db.ReplaceEmailCode(ctx, e.ID, changes))
	db.apply(t, "bob", auth.ReplaceEmail{EmailEnrolment: e})
	ok(db.RemoveNoticeEmail(ctx, "bob", set("bob", auth.SettleCounts{Refund: []string{"k"}})))
	ok(db.ReplacePassword(ctx, "bob", "another hash", changes))
	ok(db.RemovePhone(ctx, "bob", "phone of bob", true, set("bob", auth.RequireMFA{})))
	ok(db.RemoveSessionOf(ctx, "bob", "session of bob", changes))
	ok(db.RemoveExpired(ctx, noon, auth.Cutoffs{}))
	ok(db.RemoveUser(ctx, "bob", changes))
}
