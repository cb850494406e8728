package auth_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db"
)

// OP-13: reminders 14, 7 and 1 days before the day, each once with two servers at the same
// time, also of the end of an exemption, and none to users who have a second factor.
func TestRemindMFA(t *testing.T) {
	m := newMFASite(t)
	m.set("", 40)
	m.addTOTP(m.signUpWith("totp@example.com"))
	other := auth.New(m.db, m.keys, nil, m.policy, func() time.Time { return m.now }) // another server
	remind := func(now time.Time, want int64) {
		t.Helper()
		m.now = now
		var total atomic.Int64
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(func() {
				next, n, err := []*auth.Rules{m.Rules, other}[i%2].RemindMFA(m.ctx, "")
				if next != "" || err != nil {
					t.Error(next, err)
				}
				total.Add(int64(n))
			})
		}
		all.Wait()
		m.deliver()
		if total.Load() != want {
			t.Errorf("at %s %d reminders, want %d", now, total.Load(), want)
		}
	}
	remind(m.day(25), 0)
	remind(m.day(26).Add(time.Hour), 1) // 14 days
	if mails := m.messages("ann@example.com"); mails[len(mails)-1].App != "2027-04-10" {
		t.Errorf("the reminder is of %q", mails[len(mails)-1].App)
	}
	m.signUp("bob@example.com")
	remind(m.day(32), 1) // bob is new
	remind(m.day(33), 2) // 7 days
	remind(m.day(38), 0)
	m.must(m.ExemptFromMFA(m.ctx, auth.Operator{}, m.ann.User, m.day(60)))
	remind(m.day(39), 1) // 1 day, bob only
	remind(m.day(40), 0)
	remind(m.day(45), 0)
	remind(m.day(50), 1) // ann's first was missed: 10 days
	remind(m.day(59), 1) // and so was the second
	remind(m.day(60), 0)
	for email, want := range map[string]int{"ann@example.com": 4, "bob@example.com": 3, "totp@example.com": 0, "admin@example.com": 0} {
		if n := m.count(email, auth.MessageMFAReminder); n != want {
			t.Errorf("%d reminders to %s, want %d", n, email, want)
		}
	}
}

// A spending store counts the reminders that are to be spent.
type spending struct {
	*db.Store
	reminders int
}

func (s *spending) SpendMFAReminder(ctx context.Context, user auth.UserID, day time.Time, daysBefore int, changes auth.ChangeSet) (bool, error) {
	s.reminders++
	return s.Store.SpendMFAReminder(ctx, user, day, daysBefore, changes)
}

// A user who is reminded already costs no transaction.
func TestRemindMFA_Work(t *testing.T) {
	m := newMFASite(t)
	m.set("", 14)
	store := &spending{Store: m.db}
	m.use(store)
	for range 3 {
		_, _, err := m.RemindMFA(m.ctx, "")
		m.must(err)
	}
	if store.reminders != 1 {
		t.Errorf("%d transactions, want 1", store.reminders)
	}
}

// signUpWith returns the client and the session of a new account, for addTOTP.
func (m *mfaSite) signUpWith(email string) (auth.Client, auth.Session) {
	m.t.Helper()
	session, client := m.signUp(email)
	return client, session
}

// "Remind now" reminds each account once a day, no matter which administrator asks.
func TestRemindMFANow(t *testing.T) {
	m := newMFASite(t)
	m.signUp("bob@example.com")
	m.set("", 100)
	m.signUp("dora@example.com")
	_, err := m.operate(auth.Disable, "dora@example.com")
	m.must(err)
	m.must(m.AddAccount(m.ctx, auth.Operator{}, "invited@example.com"))
	remind := func(by auth.Operator, want int) {
		t.Helper()
		n, err := m.RemindMFANow(m.ctx, by, "")
		m.must(err)
		if n != want {
			t.Errorf("%d were reminded, want %d", n, want)
		}
	}
	remind(m.by, 2)
	remind(m.by, 0)
	remind(auth.Operator{}, 0)
	m.signUp("carl@example.com")
	remind(m.by, 1)
	m.now = m.now.Add(24 * time.Hour)
	if _, err := m.RemindMFANow(m.ctx, m.by, ""); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("long after the second factor: %v", err)
	}
	if n := m.count("ann@example.com", auth.MessageMFAReminder); n != 1 {
		t.Errorf("%d mails", n)
	}
}
