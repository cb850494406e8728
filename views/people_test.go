package views

import (
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

// adminSamples are the pages of administration.
func adminSamples() []sample {
	as := func(role auth.Role, url string) Page { p := signedIn(url); p.Role = role; return p }
	account := func(id, email string) auth.Account {
		return auth.Account{
			User: auth.User{ID: auth.UserID(id), Email: auth.Email{Typed: email, Key: email}}, CreatedAt: now.AddDate(-1, 0, 0), SeenAt: now.Add(-time.Hour), TOTP: true, Phones: 1, Sessions: 2,
		}
	}
	ben, eve := account("ben", "ben@example.com"), account("eve", "eve@example.com")
	ben.Groups, ben.BackupCodes, ben.Waits = []string{"ops", "wiki"}, 7, []auth.Wait{{Factor: auth.Password, Until: now.Add(time.Minute)}}
	ben.Failures = []auth.Failures{{Factor: auth.Password, KnownDevices: false, N: 6}, {Factor: "reset_email", KnownDevices: true, N: 1}}
	ben.Factors = everything
	ben.OpenSessions = []auth.Session{
		{ID: "s1", SeenAt: now.Add(-time.Minute), CreatedAt: now.Add(-time.Hour), IP: "203.0.113.7", UserAgent: firefox},
		{ID: "s2", SeenAt: now.Add(-20 * time.Hour), CreatedAt: now.Add(-22 * time.Hour), IP: "2001:db8:1234:5678:9abc:def0:1234:5678", UserAgent: safari},
	}
	eve.Disabled, eve.TOTP, eve.Phones, eve.SeenAt = true, false, 0, time.Time{}
	ann := account("ann", "ann@example.com")
	ann.Role = auth.RoleAdmin
	entries := []auth.AuditEntry{
		{Event: auth.Event{ID: "3", User: "eve", At: now, Type: auth.OperatorDisabled, Actor: "ann", Reason: "Left the company", IP: "203.0.113.7", UserAgent: firefox}, UserEmail: "eve@example.com", ActorEmail: "ann@example.com"},
		{Event: auth.Event{ID: "2", At: now, Type: auth.SettingChanged, Name: "sign-up: open → closed", Actor: auth.CommandActor}},
		{Event: auth.Event{ID: "1", User: "old", At: now, Type: auth.SignedIn, Factor: auth.TOTPCode, IP: "203.0.113.9", UserAgent: safari}},
	}
	person := func(role auth.Role) PersonPage {
		return PersonPage{Page: as(role, "/admin/people/ben"), Person: ben, Audit: auth.AuditPage{Entries: entries[2:], Next: "1"}}
	}
	act := func(page PersonPage, act Act) ActPage {
		page.URL += "/" + act.Path
		return ActPage{PersonPage: page, Act: act}
	}
	targetAct := func(act Act, name, target string) ActPage {
		page := ActPage{PersonPage: person(auth.RoleAdmin), Act: act, Target: name}
		page.URL = page.actURL(act, target)
		return page
	}
	waiting := []auth.Approval{
		{ID: "a1", Act: auth.Act{Action: auth.ResetMFA, User: "ben"}, By: "ann", Reason: "Lost phone, identified by video call", RequestedAt: now.Add(-time.Hour), ExpiresAt: now.Add(23 * time.Hour), UserEmail: "ben@example.com", ByEmail: "ann@example.com"},
		{ID: "a2", Act: auth.Act{Action: auth.RemoveFactor, User: "ben", Target: "totp"}, By: "eve", Reason: "Stolen", RequestedAt: now.Add(-23 * time.Hour), ExpiresAt: now.Add(40 * time.Minute), UserEmail: "ben@example.com", ByEmail: "eve@example.com"},
	}
	asked := act(person(auth.RoleAdmin), Acts[2])
	asked.NeedsApproval = true
	unapprovable := asked
	unapprovable.NoApprover = true
	withRequests := person(auth.RoleAdmin)
	withRequests.Approvals = waiting
	approval := func(a auth.Approval, target string) ApprovalPage {
		return ApprovalPage{Page: as(auth.RoleAdmin, ApprovalURL(a.ID)), Approval: a, Target: target}
	}
	own, about := approval(waiting[0], ""), approval(waiting[0], "")
	own.Own, about.Mine = true, true
	download := auth.Approval{ID: "a3", Act: auth.Act{Action: auth.DownloadPeople, Target: "q=ann%40&state=locked"}, By: "ann", Reason: "Yearly report", RequestedAt: now.Add(-time.Hour), ExpiresAt: now.Add(23 * time.Hour), ByEmail: "ann@example.com"}
	waiting = append(waiting, download)
	waiting[2].ApprovedAt = now
	approved := approval(waiting[2], "")
	approved.Own = true
	downloading := DownloadPage{Page: as(auth.RoleAdmin, DownloadURL), Filters: "q=ann%40"}
	refused := act(person(auth.RoleAdmin), Acts[2])
	refused.Page = refusedWith(refused.Page, auth.Problem{Reason: auth.ReasonInvalid, Field: "reason", Limit: auth.ReasonMax})
	invitations := []auth.Invitation{
		{ID: "2", Email: auth.Email{Typed: "fay@example.com"}, By: "ann", ByEmail: "ann@example.com", SentAt: now.Add(-time.Hour), ExpiresAt: now.Add(auth.InvitationLifetime)},
		{ID: "1", Email: auth.Email{Typed: "gus@example.com"}, By: auth.CommandActor, SentAt: now.Add(-auth.InvitationLifetime), OpenedAt: now.Add(-time.Hour), ExpiresAt: now},
	}
	list := auth.PeoplePage{Accounts: []auth.Account{ann, ben, eve}, Next: "eve"}
	var settings []SettingField
	for _, s := range []auth.SettingValue{
		{Setting: auth.SettingPasskeys, Value: "off", Values: []string{"on", "off"}},
		{Setting: auth.SettingTOTP, Value: "on", Values: []string{"on", "off"}},
		{Setting: auth.SettingSMS, Value: "on", Values: []string{"on", "off"}},
		{Setting: auth.SettingBackupCodes, Value: "on", Values: []string{"on", "off"}},
		{Setting: auth.SettingRequireMFA, Value: "on", Values: []string{"on", "off"}, Flag: "--require-mfa"},
		{Setting: auth.SettingSignUp, Value: "open", Values: []string{"open", "closed"}},
		{Setting: auth.SettingReverify, Value: "strict", Values: []string{"strict_mfa", "strict", "moderate", "lax"}, Flag: "--reverify"},
	} {
		settings = append(settings, SettingField{s, s.Value})
	}
	dora, carl := account("dora", "dora@example.com"), account("carl", "carl@example.com")
	for _, a := range []*auth.Account{&dora, &carl} {
		a.TOTP, a.Phones, a.MFA.Policy = false, 0, now.Truncate(24*time.Hour).AddDate(0, 0, -3)
	}
	carl.MFA.Exempt = now.Truncate(24*time.Hour).AddDate(0, 0, 60)
	mfa := func(role auth.Role) MFAPolicyPage {
		return MFAPolicyPage{
			Page: as(role, "/admin/mfa"), Policies: []auth.MFAPolicy{{Day: now.Truncate(24*time.Hour).AddDate(0, 2, 0)}, {Group: "ops", Day: dora.MFA.Policy}},
			Pending:    auth.PeoplePage{Accounts: []auth.Account{carl, dora}, Next: "dora", Partial: true},
			Exemptions: []auth.MFAExemption{{User: "carl", Email: "carl@example.com", Until: carl.MFA.Exempt, Reason: "On leave, without a phone", By: "ann", ByEmail: "ann@example.com"}}, NextExemption: "carl",
		}
	}
	mfaRefused := mfa(auth.RoleAdmin)
	mfaRefused.Page, mfaRefused.Date = refusedWith(mfaRefused.Page, auth.Problem{Reason: auth.MFADayLater, Field: "date"}), "2031-01-01"
	exempt := PersonPage{Page: as(auth.RoleAdmin, "/admin/people/carl"), Person: carl}
	announced := signedIn("/account")
	announced.MFADay = now.Truncate(24*time.Hour).AddDate(0, 0, 7)
	only := map[auth.Setting]auth.OnlyFactorCount{auth.SettingPasskeys: {}, auth.SettingTOTP: {N: 1, Of: 9}, auth.SettingSMS: {N: 1234, Of: 5000}}
	stale := SettingsPage{refusedWith(as(auth.RoleAdmin, "/admin/settings"), auth.Problem{Reason: auth.SettingsOutdated}), slices.Clone(settings), map[auth.Setting]auth.OnlyFactorCount{auth.SettingTOTP: {N: 31_415, Of: auth.OnlyFactorScan, Partial: true}}}
	stale.Settings[2].Chosen = "off"
	recovering := person(auth.RoleAdmin)
	recovering.RecoveryDelay, recovering.Person.Recovery = 72*time.Hour, sampleRecovery
	delayed := person(auth.RoleSupport)
	delayed.RecoveryDelay = 72 * time.Hour
	recoveries, noRecovery := mfa(auth.RoleAdmin), mfa(auth.RoleViewer)
	recoveries.Recoveries = []auth.PendingRecovery{{Recovery: sampleRecovery, Email: "ben@example.com"}}
	noRecovery.RecoveryOffered = true
	mine := PersonPage{Page: as(auth.RoleAdmin, "/admin/people/ann"), Person: ann, Mine: true}
	return []sample{
		{"admin", "Overview", Overview(OverviewPage{Page: as(auth.RoleAdmin, "/admin"), Version: "v1.2.3", Days: overviewDaysSample(as(auth.RoleAdmin, "/admin").Now), Waiting: 3, Failing: 1})},
		{"admin_waiting", "Overview", Overview(OverviewPage{Page: as(auth.RoleAdmin, "/admin"), Approvals: waiting})},
		{"admin_viewer", "Overview", Overview(OverviewPage{Page: as(auth.RoleViewer, "/admin"), Down: auth.DiskFull})},
		{"admin_people", "People", People(PeoplePage{Page: as(auth.RoleAdmin, "/admin/people"), PeoplePage: list})},
		{"admin_people_viewer", "People", People(PeoplePage{Page: as(auth.RoleViewer, "/admin/people"), PeoplePage: list})},
		{"admin_people_none", "People", People(PeoplePage{Page: as(auth.RoleAdmin, "/admin/people"), Typed: "x", Query: auth.PeopleQuery{State: auth.StateLocked, Newest: true, Role: auth.RoleViewer}})},
		{"admin_people_partial", "People", People(PeoplePage{Page: as(auth.RoleAdmin, "/admin/people"), PeoplePage: auth.PeoplePage{Partial: true, Next: "eve"}})},
		{"admin_invitations", "Invitations", Invitations(InvitationsPage{Page: as(auth.RoleAdmin, "/admin/invitations"), Invitations: invitations, More: true})},
		{"admin_invitations_viewer", "Invitations", Invitations(InvitationsPage{Page: as(auth.RoleViewer, "/admin/invitations"), Invitations: invitations})},
		{"admin_invitations_support", "Invitations", Invitations(InvitationsPage{Page: as(auth.RoleSupport, "/admin/invitations")})},
		{"admin_invitations_refused", "Invitations", Invitations(InvitationsPage{Page: refusedWith(as(auth.RoleAdmin, "/admin/invitations"), auth.Problem{
			Reason: auth.InvitationBad, Field: "emails", Bad: []auth.BadLine{{Number: 2, Text: "nobody", Reason: auth.EmailInvalid}, {Number: 3, Text: "ben@example.com", Reason: auth.EmailTaken}},
		}), Emails: "fay@example.com\nnobody\nben@example.com"})},
		{"admin_person", "ben@example.com", Person(person(auth.RoleAdmin))},
		{"admin_person_support", "ben@example.com", Person(person(auth.RoleSupport))},
		{"admin_person_viewer", "b•••@example.com", Person(person(auth.RoleViewer))},
		{"admin_person_nothing", "eve@example.com", Person(PersonPage{Page: as(auth.RoleAdmin, "/admin/people/eve"), Person: eve})},
		{"admin_person_recovering", "ben@example.com", Person(recovering)},
		{"admin_person_delayed", "ben@example.com", Person(delayed)},
		{"admin_mfa_recoveries", "MFA policy", MFAPolicy(recoveries)},
		{"admin_mfa_no_recovery", "MFA policy", MFAPolicy(noRecovery)},
		{"admin_person_own", "ann@example.com", Person(mine)},
		{"admin_act", "Sign out everywhere", ShowAct(act(person(auth.RoleAdmin), Acts[1]))},
		{"admin_act_refused", "Reset MFA", ShowAct(refused)},
		{"admin_groups", "Save groups", ShowAct(act(person(auth.RoleAdmin), SaveGroups))},
		{"admin_person_waiting", "ben@example.com", Person(withRequests)},
		{"admin_act_approval", "Reset MFA", ShowAct(asked)},
		{"admin_act_no_approver", "Reset MFA", ShowAct(unapprovable)},
		{"admin_approval", "Waiting for approval", ShowApproval(approval(waiting[1], "Authenticator app"))},
		{"admin_approval_own", "Waiting for approval", ShowApproval(own)},
		{"admin_approval_download", "Waiting for approval", ShowApproval(approval(download, ""))},
		{"admin_approval_approved", "Approved", ShowApproval(approved)},
		{"admin_download", "Download CSV", Download(downloading)},
		{"admin_download_no_approver", "Download CSV", Download(DownloadPage{Page: downloading.Page, NoApprover: true})},
		{"admin_approval_mine", "Waiting for approval", ShowApproval(about)},
		{"admin_remove_factor", "Remove one factor", ShowAct(targetAct(RemoveFactor, "Authenticator app", "totp"))},
		{"admin_end_session", "Sign out one session", ShowAct(targetAct(EndSession, "Firefox on Windows, signed in 1 hour ago", "s1"))},
		{"admin_audit", "Audit log", Audit(AuditPage{Page: as(auth.RoleAdmin, "/admin/audit"), AuditPage: auth.AuditPage{Entries: entries, Next: "1"}})},
		{"admin_audit_none", "Audit log", Audit(AuditPage{Page: as(auth.RoleViewer, "/admin/audit"), AuditPage: auth.AuditPage{Partial: true, Next: "1"}})},
		{"admin_mfa", "MFA policy", MFAPolicy(mfa(auth.RoleAdmin))},
		{"admin_mfa_viewer", "MFA policy", MFAPolicy(mfa(auth.RoleViewer))},
		{"admin_mfa_none", "MFA policy", MFAPolicy(MFAPolicyPage{Page: withNotice(as(auth.RoleAdmin, "/admin/mfa"), NoticeMFAReminded(1)), Required: true})},
		{"admin_mfa_refused", "MFA policy", MFAPolicy(mfaRefused)},
		{"admin_person_exempt", "carl@example.com", Person(exempt)},
		{"admin_exempt", "Exempt from MFA until", ShowAct(act(exempt, Exempt))},
		{"account_mfa_announced", "Account", Account(AccountPage{announced, "", having(auth.Factors{}, allKinds...)})},
		{"admin_settings", "Settings", Settings(SettingsPage{as(auth.RoleAdmin, "/admin/settings"), settings, only})},
		{"admin_settings_outdated", "Settings", Settings(stale)},
	}
}

// overviewDaysSample are the counters of half a year, with days that were not counted.
func overviewDaysSample(now time.Time) (days []auth.DayCounts) {
	today := now.UTC().Truncate(24 * time.Hour)
	for i := OverviewDays - 1; i >= 0; i-- {
		if i > 100 && i%9 == 0 || i == 12 {
			continue
		}
		n := OverviewDays - i
		days = append(days, auth.DayCounts{Day: today.AddDate(0, 0, -i), Counts: map[auth.Counter]int{
			auth.CountSignIns: 300 + (n*37)%190, auth.CountFailures: (n * 13) % 29, auth.CountSignUps: (n * 7) % 5,
			auth.CountAccounts: 900 + 3*n, auth.CountSeenDay: 240, auth.CountSeenMonth: 1100, auth.CountDisabled: 12, auth.CountLockedNow: 2,
			auth.CountPasskey: n, auth.CountTOTP: 200 + n, auth.CountSMSOnly: 150, auth.CountNoMFA: 550 + n,
		}})
	}
	return days
}

func TestHeights(t *testing.T) {
	for _, c := range []struct{ values, want []int }{
		{[]int{0, 0}, []int{0, 0}},
		{[]int{1000, 1, 0, 500}, []int{100, 2, 0, 50}},
		{[]int{1}, []int{100}},
	} {
		var bars []bar
		for _, v := range c.values {
			bars = append(bars, bar{Value: v})
		}
		if got := heights(bars, 1); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
}

// Everything with a count of failures has a name.
func TestCounterName(t *testing.T) {
	for _, kind := range auth.CountedFactors {
		if counterName(kind) == "" {
			t.Errorf("%s has no name", kind)
		}
	}
}

// The audit log offers each event under a name of its own.
func TestAudit_EventNames(t *testing.T) {
	events := map[string]string{}
	for _, o := range eventOptions() {
		if other, taken := events[o.Label]; o.Label == "" || taken {
			t.Errorf("%s and %s are both named %q", o.Value, other, o.Label)
		}
		events[o.Label] = o.Value
	}
}
