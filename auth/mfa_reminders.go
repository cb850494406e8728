package auth

import (
	"context"
	"slices"
	"time"
)

// dueMFAReminder returns which reminder is due when this much time is left, and at how much
// time left the next one follows. If several were missed, only the last of them is due.
func dueMFAReminder(left time.Duration) (days int, next time.Duration) {
	for i, d := range mfaReminders {
		if left > time.Duration(d)*oneDay {
			break
		}
		days, next = d, 0
		if i+1 < len(mfaReminders) {
			next = time.Duration(mfaReminders[i+1]) * oneDay
		}
	}
	return days, next
}

// An MFAMember is an account that has no second factor and will need one.
type MFAMember struct {
	User     UserID
	Email    string
	Day      time.Time // from which it needs one, see [MFADeadline.Day]
	Reminded int       // days before that day of the last reminder; zero for none yet
}

// RemindMFA queues the reminders that are due to accounts without a second factor. It
// reads up to [MFARemindersScan] accounts, in the order of IDs after one, and returns where
// to continue; empty at the end. Several servers may do so at the same time: each reminder
// is spent once.
func (r *Rules) RemindMFA(ctx context.Context, after UserID) (next UserID, reminded int, err error) {
	now := r.now()
	members, next, err := r.store.FindMFAMembers(ctx, after, now, now.Add(time.Duration(mfaReminders[0])*oneDay), MFARemindersScan)
	if err != nil {
		return after, 0, err
	}
	for _, m := range members {
		days, following := dueMFAReminder(m.Day.Sub(now))
		if m.Reminded > 0 && m.Reminded <= days {
			continue
		}
		message := r.mfaReminder(m.Email, m.Day, now)
		if next := m.Day.Add(-following); next.After(message.ExpiresAt) { // it may wait in the outbox behind codes and notices
			message.ExpiresAt = next
		}
		changes := ChangeSet{User: m.User, At: now, Changes: []Change{QueueMessage{Message: message}}}
		spent, err := r.store.SpendMFAReminder(ctx, m.User, m.Day, days, changes)
		if err != nil {
			return after, reminded, err
		}
		if spent {
			reminded++
			r.Applied(ctx, changes)
		}
	}
	return next, reminded, nil
}

// mfaReminder is the mail that reminds of a deadline. It goes to the sign-in address only,
// because it is not an alert.
func (r *Rules) mfaReminder(to string, deadline, now time.Time) Message {
	m := r.notice(MessageMFAReminder, to, Client{}, now)
	m.App = deadline.Format(time.DateOnly)
	return m
}

// RemindMFANow reminds the accounts on a page of [Rules.MFAPending] at once, each at most
// once a day, and returns how many.
func (r *Rules) RemindMFANow(ctx context.Context, by Operator, after UserID) (reminded int, err error) {
	site, err := r.begin(ctx, by, RoleAdmin, "")
	if err != nil {
		return 0, err
	}
	page, err := r.MFAPending(ctx, after)
	if err != nil {
		return 0, err
	}
	for _, a := range page.Accounts {
		if a.Disabled || a.Invited || a.ID == by.Session.User {
			continue
		}
		err := r.allow(ctx, site.At, r.limits(ActionRemind, subjects{ByAccount: {string(a.ID)}})...)
		if isProblem(err) {
			continue
		}
		if err != nil {
			return reminded, err
		}
		changes := ChangeSet{User: a.ID, At: site.At, Changes: slices.Clone(site.Changes)}
		changes.add(QueueMessage{Message: r.mfaReminder(a.Email.Typed, a.MFA.Day(), site.At)})
		if err := r.recordAct(ctx, &changes, by, Event{Type: OperatorReminded}); err != nil {
			return reminded, err
		}
		if err := r.apply(ctx, changes); err != nil {
			return reminded, operated(err)
		}
		reminded++
	}
	return reminded, nil
}
