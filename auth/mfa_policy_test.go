package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

// mfaSite is a flow with an admin, who has a second factor, and ann, who has none.
type mfaSite struct {
	*flow
	by    auth.Operator
	ann   auth.Session
	anns  auth.Client
	today time.Time
}

func newMFASite(t *testing.T) *mfaSite {
	t.Helper()
	f := newFlow(t)
	f.policy.SessionIdle, f.policy.SessionLifetime = 365*24*time.Hour, 365*24*time.Hour // sessions that exist when the day comes
	f.use(f.db)
	admin, client := f.signUp("admin@example.com")
	f.addTOTP(client, admin)
	admin = f.reload(admin)
	if changed, err := f.ChangeRole(f.ctx, admin.User, auth.RoleAdmin); !changed || err != nil {
		t.Fatal(err)
	}
	m := &mfaSite{flow: f, by: auth.Operator{Session: admin, Client: client, Reason: "new phone is on its way"}, today: f.now.Truncate(24 * time.Hour)}
	m.ann, m.anns = f.signUp("ann@example.com")
	return m
}

func (m *mfaSite) day(n int) time.Time { return m.today.AddDate(0, 0, n) }

// set sets a policy with a command, which needs no session.
func (m *mfaSite) set(group string, n int) {
	m.t.Helper()
	m.must(m.SetMFAPolicy(m.ctx, auth.Operator{}, auth.MFAPolicy{Group: group, Day: m.day(n)}))
}

func (m *mfaSite) group(add, remove []string) {
	m.t.Helper()
	_, err := m.ChangeGroups(m.ctx, auth.Operator{}, m.ann.User, add, remove)
	m.must(err)
}

// at sets the clock and returns ann's pending task and the day that the pages announce,
// as the number of days from the first; -1 for none.
func (m *mfaSite) at(now time.Time) (auth.Task, int) {
	m.t.Helper()
	m.now = now
	factors, err := m.Factors(m.ctx, m.ann.User)
	m.must(err)
	session := m.reload(m.ann)
	announced := -1
	if day := m.MFANotice(session.MFA, factors); !day.IsZero() {
		announced = int(day.Sub(m.today) / (24 * time.Hour))
	}
	return m.Task(session, factors), announced
}

func (m *mfaSite) want(now time.Time, task auth.Task, announced int) {
	m.t.Helper()
	if got, days := m.at(now); got != task || days != announced {
		m.t.Errorf("at %s the task is %q and day %d is announced, want %q and %d", now, got, days, task, announced)
	}
}

// OP-13: before, on and after the day; in the group and outside; exempt and no longer
// exempt; in a session that began before.
func TestMFAPolicy_Deadline(t *testing.T) {
	const last = time.Millisecond
	m := newMFASite(t)
	m.want(m.day(1), auth.NoTask, -1)
	m.set("ops", 10)
	m.want(m.day(9), auth.NoTask, -1)
	m.want(m.day(20), auth.NoTask, -1) // outside
	m.now = m.day(2)
	m.group([]string{"ops"}, nil)
	m.want(m.day(2), auth.NoTask, 10)
	m.want(m.day(10).Add(-last), auth.NoTask, 10)
	m.want(m.day(10), auth.TaskSetupMFA, -1)
	m.want(m.day(11), auth.TaskSetupMFA, -1)
	m.group(nil, []string{"ops"})
	m.want(m.day(11), auth.NoTask, -1)
	m.group([]string{"ops"}, nil)
	m.want(m.day(11), auth.TaskSetupMFA, -1) // with no new time

	m.must(m.ExemptFromMFA(m.ctx, auth.Operator{}, m.ann.User, m.day(12)))
	m.want(m.day(11), auth.NoTask, 12)
	m.want(m.day(12).Add(-last), auth.NoTask, 12)
	m.want(m.day(12), auth.TaskSetupMFA, -1)
	m.must(m.ExemptFromMFA(m.ctx, auth.Operator{}, m.ann.User, m.day(100)))
	m.want(m.day(12), auth.NoTask, 100)
	done, err := m.operate(auth.EndExemption, "ann@example.com")
	if !done || err != nil {
		t.Fatal(err)
	}
	m.want(m.day(12), auth.TaskSetupMFA, -1)
	if done, err = m.operate(auth.EndExemption, "ann@example.com"); done || err != nil {
		t.Errorf("ended twice: %v, %v", done, err)
	}

	m.must(m.RemoveMFAPolicy(m.ctx, auth.Operator{}, "ops"))
	m.want(m.day(12), auth.NoTask, -1)
	m.set("", 14)
	m.set("ops", 13)
	m.want(m.day(12), auth.NoTask, 13) // the earlier one
	m.addTOTP(m.anns, m.ann)
	m.want(m.day(12), auth.NoTask, -1)
	m.want(m.day(13), auth.NoTask, -1)
}

// OP-13: nothing that a user does extends the deadline, nor does an administrator who
// resets their factors; an account that is added after the day has the task at once.
func TestMFAPolicy_NothingExtends(t *testing.T) {
	m := newMFASite(t)
	m.set("", 5)
	m.problem(m.SetMFAPolicy(m.ctx, m.by, auth.MFAPolicy{Day: m.day(6)}), auth.MFADayLater)
	m.set("", 5) // as it is
	if audit, err := m.Audit(m.ctx, auth.AuditQuery{Type: auth.MFAPolicySet}); err != nil || len(audit.Entries) != 1 {
		t.Errorf("%d events, %v", len(audit.Entries), err)
	}
	m.set("", 4)
	m.want(m.day(3), auth.NoTask, 4)
	m.ann = m.signIn(m.anns, "ann@example.com")
	m.want(m.day(3), auth.NoTask, 4)
	m.addTOTP(m.anns, m.ann)
	m.now = m.day(4)
	if done, err := m.operate(auth.ResetMFA, "ann@example.com"); !done || err != nil {
		t.Fatal(err)
	}
	m.ann = m.signIn(m.anns, "ann@example.com")
	m.want(m.day(4), auth.TaskSetupMFA, -1)
	m.ann, m.anns = m.signUp("new@example.com")
	m.want(m.day(4), auth.TaskSetupMFA, -1)
}

// From the day on the last factor can be replaced, not removed (RV-06, OP-13), unless the
// account is exempt. The site's own setting exempts nobody.
func TestMFAPolicy_LastFactor(t *testing.T) {
	m := newMFASite(t)
	m.set("", 3)
	m.addTOTP(m.anns, m.ann)
	removed := func(want auth.Reason) {
		t.Helper()
		session := m.reload(m.ann)
		factors, err := m.Factors(m.ctx, m.ann.User)
		m.must(err)
		if keep := m.MustKeepLast(session.MFA, factors); keep != (want == auth.LastFactor) {
			t.Errorf("the page says that it must stay: %v", keep)
		}
		m.problem(m.RemoveTOTP(m.ctx, m.anns, session), want)
	}
	m.now = m.day(3)
	removed(auth.LastFactor)
	m.addTOTP(m.anns, m.reload(m.ann)) // replaces it
	m.must(m.ExemptFromMFA(m.ctx, auth.Operator{}, m.ann.User, m.day(4)))
	m.policy.RequireMFA = true
	m.use(m.db)
	removed(auth.LastFactor)
	m.policy.RequireMFA = false
	m.use(m.db)
	removed("")
	m.want(m.day(3), auth.NoTask, 4)
	m.policy.RequireMFA = true
	m.use(m.db)
	m.want(m.day(3), auth.TaskSetupMFA, -1)
}

// A policy and an exemption are validated, limited in time, and recorded with the administrator.
func TestSetMFAPolicy(t *testing.T) {
	m := newMFASite(t)
	for reason, all := range map[auth.Reason][]auth.MFAPolicy{
		auth.MFADayInvalid: {{}, {Day: m.day(-1)}, {Day: m.day(1).Add(time.Hour)}, {Day: m.today.AddDate(3, 0, 0)}},
		auth.GroupInvalid:  {{Group: "Ops team", Day: m.day(1)}},
	} {
		for _, p := range all {
			m.problem(m.SetMFAPolicy(m.ctx, m.by, p), reason)
		}
	}
	for reason, all := range map[auth.Reason][]time.Time{auth.MFAExemptionInvalid: {{}, m.day(0), m.day(-1), m.day(91), m.day(2).Add(time.Hour)}, "": {m.day(1), m.day(90)}} {
		for _, until := range all {
			m.problem(m.ExemptFromMFA(m.ctx, m.by, m.ann.User, until), reason)
		}
	}
	m.problem(m.ExemptFromMFA(m.ctx, auth.Operator{Session: m.by.Session, Client: m.by.Client}, m.ann.User, m.day(1)), auth.ReasonInvalid)
	if err := m.ExemptFromMFA(m.ctx, m.by, m.by.Session.User, m.day(1)); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the own account: %v", err)
	}
	m.must(m.SetMFAPolicy(m.ctx, m.by, auth.MFAPolicy{Group: "ops", Day: m.day(3)}))
	m.must(m.SetMFAPolicy(m.ctx, m.by, auth.MFAPolicy{Group: "ops", Day: m.day(0)}))
	m.must(m.RemoveMFAPolicy(m.ctx, m.by, "ops"))
	m.problem(m.RemoveMFAPolicy(m.ctx, m.by, "ops"), auth.FormExpired)
	for i := range auth.MFAPoliciesMax {
		m.set(fmt.Sprint("group", i), 1)
	}
	m.problem(m.SetMFAPolicy(m.ctx, m.by, auth.MFAPolicy{Day: m.day(3)}), auth.TooManyMFAPolicies)
	m.set("group0", 0) // which there is already

	page, err := m.Audit(m.ctx, auth.AuditQuery{Actor: string(m.by.Session.User)})
	m.must(err)
	var names []string
	for _, e := range page.Entries {
		names = append(names, fmt.Sprint(e.Type, " ", e.Name))
	}
	slices.Sort(names)
	if want := []string{
		"mfa_policy_removed group ops", "mfa_policy_set group ops: 2027-03-04 → 2027-03-01", "mfa_policy_set group ops: none → 2027-03-04",
		"operator_exempted 2027-03-02", "operator_exempted 2027-05-30",
	}; !slices.Equal(names, want) {
		t.Errorf("the audit log has %q", names)
	}
	if n := m.count("ann@example.com", auth.MessageKind(auth.OperatorExempted)); n != 2 {
		t.Errorf("%d mails of the exemption", n)
	}
	all, next, err := m.MFAExemptions(m.ctx, "")
	m.must(err)
	if len(all) != 1 || next != "" || all[0].Reason != m.by.Reason || all[0].ByEmail != "admin@example.com" {
		t.Errorf("exemptions are %+v", all)
	}

	_, err = m.ChangeRole(m.ctx, m.by.Session.User, auth.RoleSupport)
	m.must(err)
	for name, err := range map[string]error{
		"set": m.SetMFAPolicy(m.ctx, m.by, auth.MFAPolicy{Group: "group1", Day: m.day(0)}), "remove": m.RemoveMFAPolicy(m.ctx, m.by, "group1"),
		"exempt": m.ExemptFromMFA(m.ctx, m.by, m.ann.User, m.day(3)),
	} {
		if !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%s without the role: %v", name, err)
		}
	}
}
