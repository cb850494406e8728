package auth

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// A TOTPKey is an authenticator app's shared key and the last step it was used
// for. RFC 6238 with HMAC-SHA-1, six digits and 30-second steps: what every
// app computes, whatever the QR code asks for (TO-03).
type TOTPKey struct {
	User     UserID
	Secret   []byte // 160 bits, sealed at rest (ST-04)
	LastStep int64  // Unix time / 30 s; codes of this step and of earlier ones are dead
	AddedAt  time.Time
}

type totpStore interface {
	// FindTOTP reads the account's key.
	FindTOTP(ctx context.Context, user UserID) (TOTPKey, error)
	// SpendTOTPStep burns a step. Steps only move forward, so an older code
	// cannot follow a newer one.
	SpendTOTPStep(ctx context.Context, user UserID, step int64, grant Grant) (spent bool, err error)
	// RemoveTOTP removes the app and every set-up of one that is under way, and
	// the backup codes too where no second factor is left.
	RemoveTOTP(ctx context.Context, user UserID, grant Grant) (removed bool, err error)

	// FindTOTPEnrolment reads the set-up under way in a session.
	FindTOTPEnrolment(ctx context.Context, session SessionID, now time.Time) (TOTPEnrolment, error)
	// AddTOTPEnrolment begins a set-up, unless one is under way.
	AddTOTPEnrolment(ctx context.Context, e TOTPEnrolment) error
	// ReplaceTOTPEnrolment puts next in place of the set-up with the key id that
	// was seen, unless that has gone on in the meantime.
	ReplaceTOTPEnrolment(ctx context.Context, seen string, next TOTPEnrolment) (replaced bool, err error)
	// SpendTOTPEnrolment marks the set-up with that key id as verified, once.
	SpendTOTPEnrolment(ctx context.Context, e TOTPEnrolment, grant Grant) (spent bool, err error)
}

func (r *Rules) verifyTOTP(ctx context.Context, q question, answer string, now time.Time) (spend, error) {
	key := TOTPKey{User: q.user}
	if q.enrols != nil {
		key.Secret = q.enrols.Secret
	} else {
		var err error
		if key, err = r.store.FindTOTP(ctx, q.user); errors.Is(err, ErrNotFound) {
			return nil, &Problem{Reason: MethodUnknown}
		} else if err != nil {
			return nil, err
		}
	}
	step, matches := matchTOTP(key.Secret, cleanCode(answer), now)
	switch {
	case !matches:
		return nil, &Problem{Reason: TOTPWrong, Field: "code"}
	case step <= key.LastStep:
		return nil, &Problem{Reason: TOTPUsed, Field: "code", Wait: 0}
	case q.enrols != nil:
		return func(ctx context.Context, grant Grant) (bool, error) {
			grant.TOTP.LastStep = step // the step that proved the app signs nobody in (TO-07)
			return r.store.SpendTOTPEnrolment(ctx, *q.enrols, grant)
		}, nil
	}
	return func(ctx context.Context, grant Grant) (bool, error) {
		return r.store.SpendTOTPStep(ctx, q.user, step, grant)
	}, nil
}

// matchTOTP finds the newest step within the drift whose code was typed (TO-04). The
// comparison is in constant time (TO-11). An empty key matches nothing.
func matchTOTP(secret []byte, code string, now time.Time) (step int64, matches bool) {
	if len(secret) == 0 || len(code) != TOTPDigits {
		return 0, false
	}
	text := totpText(secret)
	options := hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	current := now.Unix() / int64(TOTPPeriod/time.Second)
	for step := current + TOTPDrift; step >= current-TOTPDrift; step-- {
		if ok, err := hotp.ValidateCustom(code, uint64(step), text, options); err == nil && ok {
			return step, true
		}
	}
	return 0, false
}

// totpText writes a key as apps take it: base32 without padding (TO-08).
func totpText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

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
	TOTPScanned  TOTPEvent = "verify"      // the app has the key
	TOTPAnswered TOTPEvent = "verify_code" // a code was typed
	TOTPFinished TOTPEvent = "finish"      // the backup codes are saved
)

// totpEvents is the table of step and event: what may happen where. A form of
// a step that is over does nothing.
var totpEvents = map[TOTPStep][]TOTPEvent{
	TOTPAdd:         {TOTPReset, TOTPScanned},
	TOTPVerify:      {TOTPReset, TOTPAnswered},
	TOTPBackupCodes: {TOTPFinished},
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
	issuer = strings.ReplaceAll(issuer, ":", "")
	account = strings.ReplaceAll(account, ":", "")
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	return "otpauth://totp/" + escape(issuer) + ":" + escape(account) +
		"?secret=" + e.KeyText() + "&issuer=" + escape(issuer) + "&algorithm=SHA1&digits=6&period=30"
}

// KeyText is the key for typing in by hand: 32 base32 characters.
func (e TOTPEnrolment) KeyText() string { return totpText(e.Secret) }

// TOTPEnrolment returns the set-up under way in a session, and begins one
// where there is none.
func (r *Rules) TOTPEnrolment(ctx context.Context, session Session) (TOTPEnrolment, error) {
	now := r.now()
	e, err := r.totpEnrolment(ctx, session, now)
	if !errors.Is(err, ErrNotFound) {
		return e, err
	}
	if err := r.store.AddTOTPEnrolment(ctx, newTOTPEnrolment(session, now)); err != nil {
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

// MoveTOTP carries an event out where the step allows it. answer is the code
// typed, for TOTPAnswered.
func (r *Rules) MoveTOTP(ctx context.Context, visitor Visitor, session Session, event TOTPEvent, answer string) error {
	now := r.now()
	e, err := r.totpEnrolment(ctx, session, now)
	if err != nil {
		return formOver(err)
	}
	if !slices.Contains(totpEvents[e.Step()], event) {
		return &Problem{Reason: FormOver}
	}
	next := e
	switch event {
	case TOTPReset:
		next = newTOTPEnrolment(session, now)
	case TOTPScanned:
		next.ScannedAt = now
	case TOTPAnswered:
		return r.activateTOTP(ctx, visitor, session, e, answer, now)
	case TOTPFinished:
		return r.SeenBackupCodes(ctx, session.User)
	}
	replaced, err := r.store.ReplaceTOTPEnrolment(ctx, e.ID, next)
	if err == nil && !replaced {
		err = &Problem{Reason: FormOver}
	}
	return err
}

// activateTOTP makes the app a factor, on a right code alone. With the first
// factor come backup codes; a set the person has already is never replaced.
func (r *Rules) activateTOTP(ctx context.Context, visitor Visitor, session Session, e TOTPEnrolment, answer string, now time.Time) error {
	if cleanCode(answer) == "" {
		return &Problem{Reason: CodeMissing, Field: "code"}
	}
	brake := brakeKey("enrol_totp", string(session.User))
	spend, err := r.verify(ctx, question{kind: TOTPCode, user: session.User, brake: brake, enrols: &e}, answer, now)
	if err != nil {
		return err
	}
	grant, err := r.factorAdded(ctx, visitor, session, LetterTOTPAdded, now)
	if err != nil {
		return err
	}
	grant.TOTP = &TOTPKey{User: session.User, Secret: e.Secret, AddedAt: now}
	grant.Clear = append(grant.Clear, brake, brakeKey(TOTPCode, string(session.User)))
	e.VerifiedAt, e.MadeCodes = now, grant.BackupCodes != nil
	spent, err := spend(ctx, grant)
	if err == nil && !spent {
		err = &Problem{Reason: FormOver}
	}
	r.wakeOutbox(grant)
	return err
}

// RemoveTOTP removes the app. What was signed in elsewhere ends, for it may
// have come in by the factor that is gone.
func (r *Rules) RemoveTOTP(ctx context.Context, visitor Visitor, session Session) error {
	now := r.now()
	grant := r.factorRemoved(visitor, session, LetterTOTPRemoved, now)
	grant.Clear = []string{brakeKey(TOTPCode, string(session.User))}
	removed, err := r.store.RemoveTOTP(ctx, session.User, grant)
	if err == nil && !removed {
		err = &Problem{Reason: FormOver}
	}
	r.wakeOutbox(grant)
	return err
}

// factorAdded is what comes with a factor: a notice and, with the first one,
// a set of backup codes and the end of every other session.
func (r *Rules) factorAdded(ctx context.Context, visitor Visitor, session Session, letter Letter, now time.Time) (Grant, error) {
	grant := Grant{At: now, Messages: []Message{r.notice(letter, session.Email, visitor, now)}}
	factors, err := r.factors(ctx, session.User, now)
	if err != nil || factors.On() {
		return grant, err
	}
	grant.EndSessions = &EndSessions{User: session.User, Except: session.ID}
	if r.policy.Allows(BackupCode) {
		grant.BackupCodes, err = r.newBackupCodes(ctx, session.User, now)
	}
	return grant, err
}

// factorRemoved is what goes with a factor: a notice, and other sessions.
func (r *Rules) factorRemoved(visitor Visitor, session Session, letter Letter, now time.Time) Grant {
	return Grant{
		At:          now,
		EndSessions: &EndSessions{User: session.User, Except: session.ID},
		Messages:    []Message{r.notice(letter, session.Email, visitor, now)},
	}
}
