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

// A TOTPStep is where the set-up of an app stands.
type TOTPStep string

// The steps of the set-up, in order.
const (
	TOTPAdd         TOTPStep = "add"
	TOTPVerify      TOTPStep = "verify"
	TOTPBackupCodes TOTPStep = "backupcodes"
	TOTPSuccess     TOTPStep = "success"
)

// A TOTPEvent is what a person does at a step; its name is the button's value.
type TOTPEvent string

// The events.
const (
	TOTPReset    TOTPEvent = "reset"       // a new key, from the beginning
	TOTPContinue TOTPEvent = "verify"      // the app has the key
	TOTPSubmit   TOTPEvent = "verify_code" // a code was typed
	TOTPFinish   TOTPEvent = "finish"      // the backup codes are saved
)

// totpEvents is the table of step and event: what may happen where. A form of
// a step that is over does nothing.
var totpEvents = map[TOTPStep][]TOTPEvent{
	TOTPAdd:         {TOTPReset, TOTPContinue},
	TOTPVerify:      {TOTPReset, TOTPSubmit},
	TOTPBackupCodes: {TOTPFinish},
	TOTPSuccess:     {TOTPReset}, // to put another app in place of this one
}

// A TOTPEnrolment is the set-up of an app in one session, as facts. It is
// bound to the session, so that nobody else who is signed in to the account
// sees the key.
type TOTPEnrolment struct {
	ID         string // of the key: a new one with each
	Session    SessionID
	User       UserID
	Secret     []byte    // sealed at rest; gone once verified (TO-10)
	ScannedAt  time.Time // when the person said that the app has it; zero before
	VerifiedAt time.Time // when a code proved it; zero before
	MadeCodes  bool      // whether it was the first factor, so that backup codes came with it
	ExpiresAt  time.Time

	CodesUnseen bool // whether those codes wait to be seen, read live
}

// Step derives where the set-up stands.
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

// URI is the enrolment's otpauth:// address, as the Key URI format has it:
// issuer as prefix and as parameter, RFC 3986 escaping throughout (TO-08).
func (e TOTPEnrolment) URI(issuer, account string) string {
	issuer, account = uriLabel(issuer), uriLabel(account)
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	return "otpauth://totp/" + escape(issuer) + ":" + escape(account) +
		"?secret=" + e.KeyText() + "&issuer=" + escape(issuer) + "&algorithm=SHA1&digits=6&period=30"
}

// uriLabel is a name as the label of a Key URI can hold it: UTF-8, without the
// colon that parts the two, and without white space around, which apps drop.
func uriLabel(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(name, ""), ":", ""))
}

// KeyText is the key for typing in by hand: 32 base32 characters.
func (e TOTPEnrolment) KeyText() string { return totpText(e.Secret) }

// AllowQR is the brake on drawing a set-up's QR code.
func (r *Rules) AllowQR(ctx context.Context, session Session) error {
	return r.allow(ctx, r.now(), r.limits(ActionDrawQR, subjects{ByAccount: string(session.User)})...)
}

// TOTPEnrolment returns the set-up under way in a session, and begins one
// where there is none.
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

// AdvanceTOTP carries an event out where the step allows it. answer is the code
// typed, for TOTPAnswered.
func (r *Rules) AdvanceTOTP(ctx context.Context, visitor Visitor, session Session, event TOTPEvent, answer string) error {
	now := r.now()
	e, err := r.totpEnrolment(ctx, session, now)
	if errors.Is(err, ErrNotFound) && event == TOTPReset {
		return r.store.AddTOTPEnrolment(ctx, newTOTPEnrolment(session, now), now)
	}
	if err != nil {
		return formExpired(err)
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
	case TOTPSubmit:
		return r.activateTOTP(ctx, visitor, session, e, answer, now)
	case TOTPFinish:
		return r.ConfirmBackupCodes(ctx, session.User)
	}
	replaced, err := r.store.ReplaceTOTPEnrolment(ctx, e.ID, next)
	return r.changed(ctx, replaced, err, ChangeSet{})
}

// activateTOTP makes the app a factor, on a right code alone. With the first
// factor come backup codes; a set the person has already is never replaced.
func (r *Rules) activateTOTP(ctx context.Context, visitor Visitor, session Session, e TOTPEnrolment, answer string, now time.Time) error {
	if cleanCode(answer) == "" {
		return &Problem{Reason: CodeMissing, Field: "code"}
	}
	q := question{
		kind: TOTPCode, user: session.User, visitor: visitor, enrols: &e,
		brake: brakeName(enrolTOTP, string(session.User), false),
	}
	spend, err := r.checkResponse(ctx, q, answer, now)
	if err != nil {
		return err
	}
	grant, err := r.factorAdded(ctx, visitor, session, Event{Type: TOTPAdded}, now)
	if err != nil {
		return err
	}
	grant.TOTP = &TOTPKey{User: session.User, Secret: e.Secret, AddedAt: now}
	r.right(&grant, q)
	r.bound(&grant, TOTPCode, session.User)
	e.VerifiedAt, e.MadeCodes = now, grant.BackupCodes != nil
	spent, err := spend(ctx, grant)
	return r.changed(ctx, spent, err, grant)
}

// RemoveTOTP removes the app. What was signed in elsewhere ends, for it may
// have come in by the factor that is gone.
func (r *Rules) RemoveTOTP(ctx context.Context, visitor Visitor, session Session) error {
	now := r.now()
	factors, err := r.factors(ctx, session.User, now)
	if err != nil {
		return err
	}
	grant, err := r.factorRemoved(ctx, visitor, session, Event{Type: TOTPRemoved}, factors, now)
	if err != nil {
		return err
	}
	r.bound(&grant, TOTPCode, session.User)
	removed, err := r.store.RemoveTOTP(ctx, session.User, grant)
	return r.changed(ctx, removed, err, grant)
}
