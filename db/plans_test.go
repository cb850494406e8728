package db

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// Every query of the store uses an index, so that none becomes slow with many
// accounts. The queries are recorded while every method is called, so new ones are
// checked too (OP-10).
func TestQueries_UseIndexes(t *testing.T) {
	db := openSQLite(t)
	recorded := db.recordQueries()
	db.runAllQueries(t)
	queries := recorded()
	for _, query := range queries {
		for _, line := range db.plan(t, query) {
			constant := line == "SCAN CONSTANT ROW" || strings.HasSuffix(line, "VALUES CLAUSE")
			few := line == "SCAN due" || line == "SCAN failed" || strings.HasPrefix(line, "SCAN apps USING ") || line == "SCAN signing_keys USING INDEX signing_keys_order" || strings.HasPrefix(line, "SCAN mfa_policies")
			// Searches of the administration pages read a bounded number of rows.
			bounded := line == "SCAN few" || strings.HasPrefix(line, "SCAN users USING ") && strings.Contains(query, "LIMIT") || line == "SCAN audit_events USING COVERING INDEX audit_events_id" || line == "SCAN recoveries USING INDEX recoveries_due"
			bounded = bounded || strings.Contains(query, "SELECT count(*), COALESCE(sum(CASE") && strings.Contains(query, "LIMIT") // of the settings page
			if strings.HasPrefix(line, "SCAN") && !constant && !few && !bounded {
				t.Errorf("full table scan, %s:%s", line, query)
			}
		}
	}
	if len(queries) < 85 {
		t.Errorf("only %d queries were recorded", len(queries))
	}
}

// A page of a signed-in user reads the session and the factors with one query.
func TestQueries_SignedInPage(t *testing.T) {
	db := openSQLite(t)
	db.addAnn(t)
	recorded := db.recordQueries()
	before := len(recorded())
	_, _, err := db.FindSessionFactors(t.Context(), "token of s1", noon)
	must(t, err)
	if more := len(recorded()) - before; more != 1 {
		t.Errorf("%d queries, want 1", more)
	}
}

// So does a check of forward auth (FA-22).
func TestQueries_Check(t *testing.T) {
	db := openSQLite(t)
	db.addAnn(t)
	db.apply(t, "ann", hostToken("s1", "t1"))
	recorded := db.recordQueries()
	_, _, _, err := db.FindHostSession(t.Context(), "wiki.example.org", "t1", noon)
	must(t, err)
	if n := len(recorded()); n != 1 {
		t.Errorf("%d queries, want 1", n)
	}
}

// recordQueries returns a function that returns the queries that have run since.
func (db testDB) recordQueries() (recorded func() []string) {
	texts := map[string]bool{}
	db.db.Trace(func(query string) { texts[query] = true })
	return func() []string { return slices.Collect(maps.Keys(texts)) }
}

// plan returns the lines of the database's plan for a query. Parameters are null on
// SQLite, and cannot be used on PostgreSQL.
func (db testDB) plan(t *testing.T, query string) (lines []string) {
	t.Helper()
	var line string
	row, explain, args := []any{&line}, `EXPLAIN `, []any(nil)
	if db.kind == "sqlite" {
		var id, parent, unused int
		row, explain = []any{&id, &parent, &unused, &line}, `EXPLAIN QUERY PLAN `
		args = make([]any, 64) // the driver ignores those past the last placeholder
	}
	rows, err := db.db.SQL().QueryContext(t.Context(), explain+query, args...)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		must(t, rows.Scan(row...))
		lines = append(lines, line)
	}
	must(t, rows.Err())
	return lines
}

// runAllQueries calls every method of the store.
func (db testDB) runAllQueries(t *testing.T) {
	t.Helper()
	ctx, changes := t.Context(), auth.ChangeSet{At: noon}
	db.addAnn(t)
	check := func(_ any, err error) { t.Helper(); must(t, err) }
	must(t, db.Ping(ctx))
	must(t, db.VerifyKeyring(ctx))
	must(t, db.addCheckValue(ctx))
	_, _, err := db.Allow(ctx, noon, []auth.RateLimit{{Key: "k", Limiter: auth.Window{Max: 1, Per: time.Hour}}})
	must(t, err)
	check(db.FindUserByEmail(ctx, "aann@example.org"))
	check(db.CountEvents(ctx, noon, noon, auth.EventTypes[:8]))
	must(t, db.ReplaceDay(ctx, auth.DayCounts{Day: noon, Counts: map[auth.Counter]int{auth.CountSignIns: 1}}))
	check(db.FindDays(ctx, noon))
	for _, state := range append(auth.AccountStates, auth.AnyState) {
		for _, newest := range []bool{false, true} {
			q := auth.PeopleQuery{State: state, Factors: auth.NoFactor, NotSeenSince: noon, Newest: newest, After: "ann"}
			check(db.findPeople(ctx, q, 2, 1))
			q.Text, q.Group, q.Role = "a", "ops", auth.RoleAdmin
			check(db.findPeople(ctx, q, 2, 1))
		}
	}
	db.apply(t, "", invitation("1", "bob@example.org"))
	check(db.FindInvitations(ctx, "z", 2))
	check(db.FindInvitationByID(ctx, "1"))
	check(db.FindInvitation(ctx, "token of 1", noon))
	must(t, db.TouchInvitation(ctx, "1", noon))
	renewed := invitation("1", "bob@example.org").Invitation
	renewed.TokenHash = "another token"
	db.apply(t, "", auth.RenewInvitation{Invitation: renewed}, auth.SpendInvitation{TokenHash: renewed.TokenHash})
	db.apply(t, "", invitation("1", "bob@example.org"), auth.RemoveInvitation{ID: "1"})
	check(db.findPeople(ctx, auth.PeopleQuery{Factors: auth.NoFactor, MFAPolicy: true}, 2, 1))
	check(db.FindMFAPolicies(ctx))
	check(db.FindMFAExemptions(ctx, "", noon, 2))
	check(db.FindMFAExemptions(ctx, "ann", noon, 2))
	check(db.RemoveMFAExemption(ctx, "ann", changes))
	db.apply(t, "", mfaPolicy("ops", day(1), time.Time{}), mfaPolicy("ops", day(2), day(1)))
	_, _, err = db.FindMFAMembers(ctx, "", noon, day(14), 1)
	must(t, err)
	check(db.SpendMFAReminder(ctx, "ann", day(2), 14, changes))
	for _, q := range []auth.AuditQuery{
		{Before: "z"}, {Type: auth.SignedIn, From: noon, Until: noon}, {User: "ann", Before: "z"}, {Actor: "ann", Before: "z"},
	} {
		check(db.findAudit(ctx, q, 2, 1))
	}
	if _, err := db.FindApproval(ctx, "a", noon); !errors.Is(err, auth.ErrNotFound) {
		t.Fatal(err)
	}
	if _, err := db.FindDownload(ctx, "ann", "", noon); !errors.Is(err, auth.ErrNotFound) {
		t.Fatal(err)
	}
	for _, c := range []auth.Change{
		auth.ApproveDownload{ID: "a"},
		auth.SpendDownload{By: "ann"},
		auth.AddApproval{Approval: auth.Approval{ID: "a", Act: auth.Act{Action: auth.DownloadPeople}, By: "ann"}},
	} {
		_ = db.Apply(ctx, set("", c))
	}
	if err := db.Apply(ctx, set("ann", auth.RequireNoRole{}, auth.SpendApproval{ID: "a"})); !errors.Is(err, auth.ErrApprovalEnded) {
		t.Fatal(err)
	}
	for _, kind := range []auth.FactorKind{auth.PasskeyPresent, auth.TOTPCode, auth.PhoneCode} {
		check(db.CountOnlyFactor(ctx, kind, 9))
	}
	check(db.FindApprovals(ctx, "", noon, 1))
	check(db.FindApprovals(ctx, "ann", noon, 1))
	check(db.FindOtherAdmin(ctx, "ann", "bob"))
	check(db.FindFactors(ctx, "ann", noon))
	check(db.FindAttempt(ctx, "a1", noon))
	check(db.ReplaceMethod(ctx, "a1", auth.Method{}, changes))
	check(db.FindSentCode(ctx, "a1"))
	check(db.AllowSentCodeAttempt(ctx, "a1", 5))
	check(db.SpendSentCode(ctx, code("a1").SentCode, set("ann", auth.EndAttempt{TokenHash: "a1"}, auth.SettleCounts{Reset: []string{"k"}})))
	check(db.SpendPassword(ctx, "ann", "hash of ann", "", set("ann",
		auth.EndSessions{Except: "s1"},
		auth.QueueMessage{Message: messageFor("m1", "a1")},
	)))
	check(db.FindBackupSalt(ctx, "ann"))
	check(db.SpendBackupCode(ctx, "ann", "h1", changes))
	check(db.ReplaceBackupCodes(ctx, codes("ann", "n1").BackupCodeSet, changes))
	check(db.FindUnseenCodes(ctx, "ann", noon))
	check(db.SpendUnseenCodes(ctx, "ann"))
	check(db.FindTOTP(ctx, "ann"))
	db.apply(t, "ann", spentChallenge("d", noon), passkey("ann", "k1"))
	check(db.FindPasskey(ctx, []byte("credential of k1")))
	check(db.SpendPasskey(ctx, use(8), set("ann")))
	check(db.RenamePasskey(ctx, "ann", "k1", "Mine", changes))
	check(db.RemovePasskey(ctx, "ann", "k1", changes))
	check(db.SpendTOTPStep(ctx, "ann", 101, changes))
	must(t, db.AddTOTPEnrolment(ctx, totpEnrolment("k1"), noon))
	check(db.FindTOTPEnrolment(ctx, "s1", noon))
	check(db.ReplaceTOTPEnrolment(ctx, "k1", totpEnrolment("k1")))
	done := totpEnrolment("k1")
	done.VerifiedAt = noon
	check(db.SpendTOTPEnrolment(ctx, done, changes))
	must(t, db.ReplacePhoneEnrolment(ctx, phoneEnrolment("e1"), changes))
	check(db.FindPhoneEnrolment(ctx, "s1", noon))
	check(db.ReplacePhoneCode(ctx, "e1", changes))
	must(t, db.RemovePhoneEnrolment(ctx, "s1"))
	check(db.ReservePhone(ctx, "ann", "p1", changes))
	check(db.ReplaceDefaultPhone(ctx, "ann", "p1", changes))
	check(db.ReleasePhone(ctx, "ann", "p1", changes))
	check(db.RemovePhone(ctx, "ann", "p1", false, changes))
	check(db.RemoveTOTP(ctx, "ann", changes))
	check(db.FindSession(ctx, "token of s1"))
	check(db.FindGroups(ctx, "ann"))
	must(t, db.AddHandover(ctx, handover("ann", "s1", "h1")))
	check(db.FindHandover(ctx, "h1", noon))
	check(db.SpendHandover(ctx, handover("ann", "s1", "h1"), set("ann", hostToken("s1", "t1"), auth.PutHostUse{Host: "wiki.example.org"})))
	_, _, _, err = db.FindHostSession(ctx, "wiki.example.org", "t1", noon)
	must(t, err)
	must(t, db.TouchSession(ctx, "ann", "s1", noon.Add(time.Minute)))
	must(t, db.RemoveSession(ctx, "token of s1", noon))
	must(t, db.RemoveAttempt(ctx, "a1"))
	check(db.ClaimMessage(ctx, auth.BySMS, noon, noon.Add(time.Minute), latest))
	must(t, db.RescheduleMessage(ctx, "m1", 1, noon, noon))
	check(db.SpendMessage(ctx, "m1", noon))
	check(db.RejectMessage(ctx, "m1", noon))
	check(db.FindStalledChannels(ctx, auth.BySMS, 2))
	check(db.RemoveMessages(ctx, noon))
	db.runAccountQueries(t)
	db.runAppQueries(t)
}

// runAppQueries calls the methods of [oidc.Store].
func (db testDB) runAppQueries(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	check := func(_ any, err error) { t.Helper(); must(t, err) }
	db.addApp(t, app("a9"))
	db.apply(t, "eve", auth.AddUser{User: user("eve"), CreatedAt: noon}, session("eve", "session of eve"))
	check(db.FindApp(ctx, "a1"))
	check(db.FindApps(ctx))
	check(db.ReplaceApp(ctx, app("a1"), set("")))
	check(db.ReplaceAppDisabled(ctx, "a1", false, set("")))
	check(db.ReplaceAppSecrets(ctx, app("a9"), "another", 1, set("")))
	db.addGrant(t, grant("g1", "eve", "session of eve", noon))
	db.addRequest(t, request("q1", noon))
	check(db.FindRequest(ctx, "q1"))
	check(db.SpendPushedRequest(ctx, "a1", "q1", request("q2", noon)))
	check(db.SpendStepUp(ctx, "q1", noon))
	_, _, err := db.FindConsent(ctx, "eve", "a1")
	must(t, err)
	check(db.FindGrant(ctx, "g1", open))
	check(db.FindGroups(ctx, "eve"))
	check(db.FindConnectedApps(ctx, "eve", open))
	check(db.FindHostUses(ctx, "eve"))
	check(db.RemoveHostUse(ctx, "eve", "wiki.example.org", set("eve")))
	check(db.FindSessionApps(ctx, "eve", open))
	_, _, err = db.FindGrantOfCode(ctx, "a1", "code of g1")
	must(t, err)
	check(db.SpendCode(ctx, "eve", useOf("g1"), open, refreshToken("r1", noon), set("eve")))
	check(db.SpendCode(ctx, "eve", useOf("g1"), open, refreshToken("r2", noon), set("eve")))
	check(db.FindRefreshToken(ctx, "a1", "r1"))
	check(db.SpendRefreshToken(ctx, "eve", "a1", "r1", open, refreshToken("r3", noon), set("eve")))
	must(t, db.EndGrant(ctx, "a1", "g1", noon))
	must(t, db.Disconnect(ctx, "eve", "a1", set("eve")))
	must(t, db.SignOutSession(ctx, "eve", "session of eve", noon))
	check(db.FindLogoutApps(ctx, noon, latest))
	check(db.RemoveApp(ctx, "a1", set("")))
	check(db.AddNextSigningKeys(ctx, []oidc.SigningKey{signingKeyAt("next", oidc.RS256, noon.Add(time.Hour))}, noon))
	check(db.FindSigningKeys(ctx))
}

// runAccountQueries calls the methods that do not concern factors.
func (db testDB) runAccountQueries(t *testing.T) {
	t.Helper()
	ctx, changes := t.Context(), auth.ChangeSet{At: noon}
	check := func(_ any, err error) { t.Helper(); must(t, err) }
	db.addEverything(t, "bob", noon)
	db.apply(t, "bob",
		auth.AddVerifiedFactor{Attempt: "attempt of bob", VerifiedFactor: auth.VerifiedFactor{At: noon}},
		auth.EndOlderAttempts{Purpose: auth.SignIn, Except: "newest"},
		auth.ClearMustChange{},
		attempt("bob", "newest"),
	)
	check(db.SpendPassword(ctx, "bob", "hash of bob", "", set("bob",
		session("bob", "more"),
		auth.RenewSession{Session: "session of bob"},
		device("new device of bob", "device of bob"),
		auth.ForgetDevices{},
	)))
	check(db.FindUser(ctx, "bob"))
	check(db.FindSessions(ctx, "bob"))
	check(db.FindEmails(ctx, "bob"))
	check(db.FindActivity(ctx, "bob", "", 10))
	check(db.FindRememberedDevices(ctx, "bob"))
	check(db.ForgetDevice(ctx, "bob", "id of device of bob", changes))
	check(db.FindKnownDevice(ctx, "bob", "new device of bob"))
	check(db.FindNoticeEmail(ctx, "bob"))
	check(db.FindEmailEnrolment(ctx, "bob", noon))
	check(db.FindEmailChange(ctx, "stop bob", noon))
	check(db.SpendEmailEnrolment(ctx, "email of bob", changes))
	e := emailEnrolment("bob", auth.ForSignIn, "new@example.org")
	must(t, db.ReplaceEmailEnrolment(ctx, e, changes))
	check(db.ReplaceEmailCode(ctx, e.ID, changes))
	db.apply(t, "bob", auth.ReplaceEmail{EmailEnrolment: e})
	db.apply(t, "bob", auth.AddRecovery{Recovery: recovery("bob", noon), LastBefore: noon}, auth.AddRecoveryToken{Hash: "t"}, auth.ClearRecovered{})
	r, err := db.FindRecovery(ctx, "bob")
	check(r, err)
	check(db.FindRecoveryByToken(ctx, "t"))
	check(db.FindDueRecoveries(ctx, r.DueAt, 9))
	check(db.FindPendingRecoveries(ctx, 9))
	check(db.EndRecovery(ctx, "bob", "another", changes))
	check(db.RemoveNoticeEmail(ctx, "bob", set("bob", auth.SettleCounts{Refund: []string{"k"}}, auth.EndEmailEnrolment{})))
	check(db.ReplacePassword(ctx, "bob", "another hash", changes))
	check(db.RemovePhone(ctx, "bob", "phone of bob", true, set("bob", auth.RequireMFA{})))
	check(db.RemoveSessionOf(ctx, "bob", "session of bob", changes))
	check(db.ReplaceRecovery(ctx, r, r.DueAt, set("bob")))
	r.Reminded = true
	check(db.SpendRecovery(ctx, r, auth.ChangeSet{User: "bob", At: r.DueAt}))
	db.apply(t, "bob", auth.StopRecovery{})
	check(db.RemoveExpired(ctx, noon, auth.Cutoffs{FailuresMax: 1}))
	check(db.RemoveUser(ctx, "bob", changes))
}
