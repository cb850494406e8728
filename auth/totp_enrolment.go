package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A TOTPStep is a step of the enrolment of an authenticator app.
type TOTPStep string

// The steps, in order.
const (
	TOTPAdd         TOTPStep = "add"
	TOTPVerify      TOTPStep = "verify"
	TOTPBackupCodes TOTPStep = "backupcodes"
	TOTPSuccess     TOTPStep = "success"
)

// A TOTPEvent is what the user does at a step. It is the value of the button.
type TOTPEvent string

// The events.
const (
	TOTPReset    TOTPEvent = "reset"       // start over with a new key
	TOTPContinue TOTPEvent = "verify"      // the app has the key
	TOTPSubmit   TOTPEvent = "verify_code" // a code was entered
	TOTPAgain    TOTPEvent = "show_again"  // the app does not have the key yet
	TOTPFinish   TOTPEvent = "finish"      // the backup codes are saved
)

// totpEvents lists the events that each step allows. A form of an earlier step
// changes nothing.
var totpEvents = map[TOTPStep][]TOTPEvent{
	TOTPAdd:         {TOTPReset, TOTPContinue},
	TOTPVerify:      {TOTPReset, TOTPSubmit, TOTPAgain},
	TOTPBackupCodes: {TOTPFinish},
	TOTPSuccess:     {TOTPReset}, // to replace the app
}

// A TOTPEnrolment is the enrolment of an app in one session, as facts. It is
// bound to the session, so that other sessions of the account cannot see the
// key.
type TOTPEnrolment struct {
	ID         string // a new one with each key
	Session    SessionID
	User       UserID
	Secret     []byte    // encrypted at rest; erased once verified (TO-10)
	ScannedAt  time.Time // when the user confirmed that the app has it; zero before
	VerifiedAt time.Time // when a code verified it; zero before
	MadeCodes  bool      // it was the first factor, so backup codes came with it
	ExpiresAt  time.Time

	CodesUnseen bool // the user has not seen those codes yet; read live
}

// Step derives the step.
func (e TOTPEnrolment) Step() TOTPStep {
	switch {
	case e.VerifiedAt.IsZero() && e.ScannedAt.IsZero():
		return TOTPAdd
	case e.VerifiedAt.IsZero():
		return TOTPVerify
	case e.MadeCodes && e.CodesUnseen:
		return TOTPBackupCodes
	}
	return TOTPSuccess
}

// URI is the enrolment's otpauth:// URI in the Key URI format: the issuer is
// both prefix and parameter, escaped as in RFC 3986 (TO-08). Algorithm, digits and period are the
// format's defaults: without them the QR code is smaller, and easier to scan.
func (e TOTPEnrolment) URI(issuer, account string) string {
	issuer, account = uriLabel(issuer), uriLabel(account)
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	return "otpauth://totp/" + escape(issuer) + ":" + escape(account) +
		"?secret=" + e.KeyText() + "&issuer=" + escape(issuer)
}

// uriLabel makes a name fit for the label of a Key URI: UTF-8, without the colon
// that separates issuer and account, and without surrounding white space, which
// apps drop.
func uriLabel(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(name, ""), ":", ""))
}

// KeyText is the key for manual entry: 32 base32 characters.
func (e TOTPEnrolment) KeyText() string { return totpText(e.Secret) }

// AllowQR limits how often an enrolment's QR code is drawn.
func (r *Rules) AllowQR(ctx context.Context, session Session) error {
	return r.allow(ctx, r.now(), r.limits(ActionDrawQR, subjects{ByAccount: {string(session.User)}})...)
}

// TOTPEnrolment returns the session's enrolment and begins one if there is none.
func (r *Rules) TOTPEnrolment(ctx context.Context, session Session) (TOTPEnrolment, error) {
	now := r.now()
	e, err := r.totpEnrolment(ctx, session, now)
	if !errors.Is(err, ErrNotFound) {
		return e, err
	}
	if err := r.store.AddTOTPEnrolment(ctx, newTOTPEnrolment(session, now), now); err != nil {
		return e, err
	}
	return r.totpEnrolment(ctx, session, now)
}

func (r *Rules) totpEnrolment(ctx context.Context, session Session, now time.Time) (TOTPEnrolment, error) {
	return r.store.FindTOTPEnrolment(ctx, session.ID, now)
}

func newTOTPEnrolment(session Session, now time.Time) TOTPEnrolment {
	secret := make([]byte, TOTPKeyBytes)
	rand.Read(secret)
	return TOTPEnrolment{
		ID: newID(), Session: session.ID, User: session.User,
		Secret: secret, ExpiresAt: now.Add(EnrolmentLifetime),
	}
}

// AdvanceTOTP carries out an event if the step allows it. response is the code,
// for [TOTPSubmit].
func (r *Rules) AdvanceTOTP(ctx context.Context, client Client, session Session, event TOTPEvent, response string) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	e, err := r.totpEnrolment(ctx, session, now)
	if errors.Is(err, ErrNotFound) && event == TOTPReset {
		return r.store.AddTOTPEnrolment(ctx, newTOTPEnrolment(session, now), now)
	}
	if err != nil {
		return formExpired(err)
	}
	if event == TOTPSubmit && recent(e.VerifiedAt, now) {
		return nil // the code was posted twice
	}
	if !slices.Contains(totpEvents[e.Step()], event) {
		return &Problem{Reason: FormExpired}
	}
	next := e
	switch event {
	case TOTPReset:
		next = newTOTPEnrolment(session, now)
	case TOTPContinue:
		next.ScannedAt = now
	case TOTPAgain:
		next.ScannedAt = time.Time{}
	case TOTPSubmit:
		err := r.activateTOTP(ctx, client, session, e, response, now)
		if refused(err) {
			if e, fault := r.totpEnrolment(ctx, session, now); fault == nil && recent(e.VerifiedAt, now) {
				return nil
			}
		}
		return err
	case TOTPFinish:
		return r.ConfirmBackupCodes(ctx, session.User)
	}
	replaced, err := r.store.ReplaceTOTPEnrolment(ctx, e.ID, next)
	return r.conclude(ctx, ChangeSet{}, replaced, err)
}

// A totpEnrolmentFactor is the app that is being enrolled.
type totpEnrolmentFactor struct{ e TOTPEnrolment }

func (f totpEnrolmentFactor) kind() FactorKind     { return TOTPCode }
func (f totpEnrolmentFactor) alreadySpent() Reason { return FormExpired }

func (f totpEnrolmentFactor) verify(_ context.Context, r *Rules, response string, now time.Time) (spend, error) {
	step, matches := matchTOTP(f.e.Secret, response, now)
	if !matches {
		return nil, &Problem{Reason: TOTPWrong, Field: "code"}
	}
	return func(ctx context.Context, changes ChangeSet) (bool, error) {
		e := f.e
		e.VerifiedAt = now
		e.MadeCodes = slices.ContainsFunc(changes.Changes, func(c Change) bool { _, ok := c.(EnsureBackupCodes); return ok })
		// The code of this step cannot be used to sign in as well (TO-07).
		changes.add(PutTOTP{TOTPKey{User: e.User, Secret: e.Secret, LastStep: step, AddedAt: now}})
		return r.store.SpendTOTPEnrolment(ctx, e, changes)
	}, nil
}

// activateTOTP makes the app a factor after a correct code. Backup codes come
// with the account's first factor; a set that it has is never replaced.
func (r *Rules) activateTOTP(ctx context.Context, client Client, session Session, e TOTPEnrolment, response string, now time.Time) error {
	c := challenge{
		factor: totpEnrolmentFactor{e}, user: session.User, client: client,
		counter: failureCounter(enrolTOTP, string(session.User), false),
	}
	spend, counts, err := r.checkEnrolment(ctx, c, response, now)
	if err != nil {
		return err
	}
	changes, err := r.factorAdded(ctx, client, session, Event{Type: TOTPAdded}, VerifiedFactor{Factor: TOTPCode, At: now}, now)
	if err != nil {
		return r.refund(ctx, c, err, now)
	}
	counts.Reset = append(counts.Reset, r.failureKeys(session.User, TOTPCode)...)
	changes.add(counts)
	spent, err := spend(ctx, changes)
	return r.conclude(ctx, changes, spent, err)
}

// RemoveTOTP removes the app and ends other sessions, which may have been
// signed in with it.
func (r *Rules) RemoveTOTP(ctx context.Context, client Client, session Session) error {
	now := r.now()
	if err := r.allowAct(ctx, now, session.User); err != nil {
		return err
	}
	factors, err := r.factors(ctx, session.User, now)
	if err != nil {
		return err
	}
	changes, err := r.factorRemoved(ctx, client, session, Event{Type: TOTPRemoved}, factors, now)
	if err != nil {
		return err
	}
	changes.add(SettleCounts{Reset: r.failureKeys(session.User, TOTPCode)})
	removed, err := r.store.RemoveTOTP(ctx, session.User, changes)
	return r.conclude(ctx, changes, removed, err)
}
