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
	b := open(t)
	queries := b.noted()
	b.walk(t)
	looked := queries()
	for _, query := range looked {
		for _, line := range b.plan(t, query) {
			given := line == "SCAN CONSTANT ROW" || strings.HasSuffix(line, "VALUES CLAUSE")
			if strings.HasPrefix(line, "SCAN") && !given && line != "SCAN due" && line != "SCAN failed" {
				t.Errorf("%s reads a whole table:%s", line, query)
			}
		}
	}
	if len(looked) < 85 {
		t.Errorf("only %d queries were looked at", len(looked))
	}
}

// A page of somebody signed in reads its session and the factors: one query.
func TestQueries_SignedInPage(t *testing.T) {
	b := open(t)
	b.ann(t)
	queries := b.noted()
	before := len(queries())
	_, _, err := b.FindSessionFactors(t.Context(), "handle of s1", noon)
	must(t, err)
	if more := len(queries()) - before; more != 1 {
		t.Errorf("%d queries, not 1", more)
	}
}

// noted returns a function that returns every query that has run since.
func (b base) noted() (queries func() []string) {
	texts := map[string]bool{}
	b.db.Trace(func(query string) { texts[query] = true })
	return func() []string { return slices.Collect(maps.Keys(texts)) }
}

func (b base) plan(t *testing.T, query string) (lines []string) {
	t.Helper()
	nothing := make([]any, 64) // the driver ignores those past the last placeholder
	rows, err := b.db.SQL().QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query, nothing...)
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
func (b base) walk(t *testing.T) {
	t.Helper()
	ctx, grant := t.Context(), auth.ChangeSet{At: noon}
	b.ann(t)
	told := func(_ any, err error) { t.Helper(); must(t, err) }
	must(t, b.Ping(ctx))
	must(t, b.VerifyKeyring(ctx))
	must(t, b.addCheckValue(ctx))
	_, _, err := b.Allow(ctx, noon, []auth.RateLimit{{Key: "k", Limiter: auth.Window{Max: 1, Per: time.Hour}}})
	must(t, err)
	told(b.FindUserByEmail(ctx, "aann@example.org"))
	told(b.FindFactors(ctx, "ann", noon))
	told(b.FindAttempt(ctx, "a1", noon))
	told(b.ReplaceMethod(ctx, "a1", auth.Method{}, grant))
	told(b.FindSentCode(ctx, "a1"))
	told(b.AllowSentCodeAttempt(ctx, "a1", 5))
	told(b.SpendSentCode(ctx, code("a1").SentCode, set("ann", auth.EndAttempt{TokenHash: "a1"}, auth.SettleCounts{Reset: []string{"k"}})))
	told(b.SpendPassword(ctx, "ann", "hash of ann", "", set("ann",
		auth.EndSessions{Except: "s1"},
		auth.QueueMessage{Message: held("m1", "a1")},
	)))
	told(b.FindBackupSalt(ctx, "ann"))
	told(b.SpendBackupCode(ctx, "ann", "h1", grant))
	told(b.ReplaceBackupCodes(ctx, codes("ann", "n1").BackupCodeSet, grant))
	told(b.FindUnseenCodes(ctx, "ann", noon))
	told(b.SpendUnseenCodes(ctx, "ann"))
	told(b.FindTOTP(ctx, "ann"))
	told(b.SpendTOTPStep(ctx, "ann", 101, grant))
	must(t, b.AddTOTPEnrolment(ctx, enrolment("k1"), noon))
	told(b.FindTOTPEnrolment(ctx, "s1", noon))
	told(b.ReplaceTOTPEnrolment(ctx, "k1", enrolment("k1")))
	done := enrolment("k1")
	done.VerifiedAt = noon
	told(b.SpendTOTPEnrolment(ctx, done, grant))
	must(t, b.ReplacePhoneEnrolment(ctx, adding("e1"), grant))
	told(b.FindPhoneEnrolment(ctx, "s1", noon))
	told(b.ReplacePhoneCode(ctx, "e1", grant))
	must(t, b.RemovePhoneEnrolment(ctx, "s1"))
	told(b.ReservePhone(ctx, "ann", "p1", grant))
	told(b.ReplaceDefaultPhone(ctx, "ann", "p1", grant))
	told(b.ReleasePhone(ctx, "ann", "p1", grant))
	told(b.RemovePhone(ctx, "ann", "p1", false, grant))
	told(b.RemoveTOTP(ctx, "ann", grant))
	told(b.FindSession(ctx, "handle of s1"))
	must(t, b.TouchSession(ctx, "s1", noon.Add(time.Minute)))
	must(t, b.RemoveSession(ctx, "handle of s1"))
	must(t, b.RemoveAttempt(ctx, "a1"))
	told(b.ClaimMessages(ctx, auth.BySMS, noon, noon.Add(time.Minute), furthest, 1))
	must(t, b.RescheduleMessage(ctx, "m1", 1, noon, noon))
	told(b.SpendMessage(ctx, "m1", noon))
	told(b.RejectMessage(ctx, "m1", noon))
	told(b.FindStalledChannels(ctx, auth.BySMS, 2))
	told(b.RemoveMessages(ctx, noon))
	b.walkAccount(t)
}

// walkAccount calls the methods for what an account has beside its factors.
func (b base) walkAccount(t *testing.T) {
	t.Helper()
	ctx, grant := t.Context(), auth.ChangeSet{At: noon}
	told := func(_ any, err error) { t.Helper(); must(t, err) }
	b.everything(t, "bob", noon)
	b.give(t, "bob",
		auth.AddVerifiedFactor{Attempt: "attempt of bob", VerifiedFactor: auth.VerifiedFactor{At: noon}},
		auth.EndOlderAttempts{Purpose: auth.SignIn, Except: "newest"},
		auth.ClearMustChange{},
		attempt("bob", "newest"),
	)
	told(b.SpendPassword(ctx, "bob", "hash of bob", "", set("bob",
		session("bob", "more"),
		auth.RenewSession{Session: "session of bob"},
	)))
	told(b.FindUser(ctx, "bob"))
	told(b.FindSessions(ctx, "bob"))
	told(b.FindEmails(ctx, "bob"))
	told(b.FindActivity(ctx, "bob", "", 10))
	told(b.FindKnownDevice(ctx, "bob", "marker of bob"))
	told(b.FindNoticeEmail(ctx, "bob"))
	told(b.FindEmailEnrolment(ctx, "bob", noon))
	told(b.FindEmailChange(ctx, "stop bob", noon))
	told(b.SpendEmailEnrolment(ctx, "address of bob", grant))
	e := changing("bob", auth.ForSignIn, "new@example.org")
	must(t, b.ReplaceEmailEnrolment(ctx, e, grant))
	told(b.ReplaceEmailCode(ctx, e.ID, grant))
	b.give(t, "bob", auth.ReplaceEmail{EmailEnrolment: e})
	told(b.RemoveNoticeEmail(ctx, "bob", set("bob", auth.SettleCounts{Refund: []string{"k"}}, auth.EndEmailEnrolment{})))
	told(b.ReplacePassword(ctx, "bob", "another hash", grant))
	told(b.RemovePhone(ctx, "bob", "phone of bob", true, set("bob", auth.RequireMFA{})))
	told(b.RemoveSessionOf(ctx, "bob", "session of bob", grant))
	told(b.RemoveExpired(ctx, noon, auth.Cutoffs{}))
	told(b.RemoveUser(ctx, "bob", grant))
}
