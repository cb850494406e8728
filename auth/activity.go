package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// An Event is one entry of an account's history. It is written once and never
// edited.
type Event struct {
	ID              string
	User            UserID
	At              time.Time
	Type            EventType
	Factor          FactorKind // the factor that was verified, if any
	IP              string     // of the client
	UserAgent       string     // its own name for itself
	Phone           string     // of the phone, E.164
	Email           string     // the address that was added, changed or removed
	Name            string     // of the app, its host, the group, the role, the setting, the policy or the requested act; or a day
	BackupCodesLeft int        // backup codes left
	StopHash        string     // hash of the token in the notice, which stops a change of address
	Actor           string     // account of the administrator, or [CommandActor]; empty for the user
	Reason          string     // that the administrator gave
}

// Activity returns a page of an account's history, newest first, and reports
// whether there is more. before is the id of the last event of the page before.
func (r *Rules) Activity(ctx context.Context, user UserID, before string) (events []Event, more bool, err error) {
	events, err = r.store.FindActivity(ctx, user, before, ActivityPage+1)
	events, more = firstPage(events, ActivityPage)
	return events, more, err
}

// record adds an event to the changes that it describes, and the notices to the
// account's owner. It is the only way into the history.
func (r *Rules) record(ctx context.Context, changes *ChangeSet, client Client, e Event) error {
	e = changes.addEvent(client, e)
	if stopsRecovery(e) {
		if err := r.stopRecovery(ctx, changes, client, e); err != nil {
			return err
		}
	}
	if !notified[e.Type] {
		return nil
	}
	emails, err := r.store.FindEmails(ctx, e.User)
	if ignoreNotFound(err) != nil {
		return err
	}
	noticed, operated := client, e.Actor != ""
	if operated { // the administrator's IP address and browser are not for the user
		noticed = Client{}
	}
	for _, to := range emails {
		m := r.notice(MessageKind(e.Type), to, noticed, changes.At)
		m.Number, m.Email, m.App, m.Left, m.Operated = e.Phone, e.Email, e.Name, e.BackupCodesLeft, operated
		changes.add(QueueMessage{Message: m, Limits: r.noticeLimits(m)})
	}
	return nil
}

// addEvent adds an event, and returns it with the fields that all events have.
func (s *ChangeSet) addEvent(client Client, e Event) Event {
	e.ID, e.User, e.At = newEventID(s.At), s.User, s.At
	e.IP, e.UserAgent = client.ip(), cutUserAgent(client.UserAgent)
	s.add(RecordEvent{e})
	return e
}

// hasToken are the notices that may have a token. They have no limit of their own, because the
// requests that cause them are limited.
var hasToken = map[EventType]bool{
	EmailChangeRequested: true,
	RecoveryRequested:    true, OperatorStartedRecovery: true, RecoveryReminded: true, RecoveryCompleted: true,
}

// noticeLimits are the limits of notices of one kind to one address. The last one says
// that there are more events: the history has all of them.
func (r *Rules) noticeLimits(m Message) []RateLimit {
	if hasToken[EventType(m.Kind)] {
		return nil
	}
	to := subjects{ByRecipient: {string(m.Kind), m.To}}
	return append(r.limits(ActionNotice, to), r.limits(ActionSummary, to)...)
}

// fail notifies the owner of a wrong response after a correct password and of a
// limit that was reached, and returns err. What attackers can repeat at will is
// notified once an hour, so that they cannot fill the owner's mailbox. An email
// address without an account is counted the same, but nobody is notified: a decoy
// causes the same transactions (FF-04).
func (r *Rules) fail(ctx context.Context, a Attempt, c challenge, err error, now time.Time) error {
	p, ok := errors.AsType[*Problem](err)
	if !ok {
		return err
	}
	e := Event{Factor: c.kind()}
	switch {
	case p.Reason == MailedCodeLocked && a.Purpose == ResetPassword:
		e.Type = ResetLocked
	case p.Reason == FactorLocked || p.Reason == TooManyAttempts:
		e.Type = SignInLocked
	case p.Reason == PasskeyCopied:
		e.Type = PasskeyCloned
	case (a.Step() == StepMFA || a.Purpose == RecoverMFA || a.Purpose == SignIn && c.kind() == EmailCode) && !harmless[p.Reason]:
		e.Type = SecondFactorFailed
	default:
		return err
	}
	limited := r.allow(ctx, now, r.limits(ActionNotify, subjects{ByFactor: append([]string{string(e.Type)}, c.counter...)})...)
	if isProblem(limited) {
		return err
	}
	if limited != nil {
		return limited
	}
	changes := ChangeSet{User: a.User, At: now}
	if a.User == "" {
		if _, fault := r.store.FindEmails(ctx, ""); ignoreNotFound(fault) != nil {
			return fault
		}
		m := r.decoy(a.Email, now)
		changes.add(QueueMessage{Message: m, Limits: r.noticeLimits(m)})
	} else if fault := r.record(ctx, &changes, c.client, e); fault != nil {
		return fault
	}
	if fault := r.apply(ctx, changes); fault != nil {
		return fault
	}
	return err
}

// harmless are problems of a passkey that its owner meets, and that no attacker is
// needed for.
var harmless = map[Reason]bool{PasskeyMissing: true, PasskeyExpired: true, PasskeyChanged: true, PasskeyUnverified: true}

// newEventID returns an id that sorts by time.
func newEventID(at time.Time) string {
	return fmt.Sprintf("%013d-%s", at.UnixMilli(), newID()[:10])
}
