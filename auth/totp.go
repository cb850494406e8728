package auth

import (
	"context"
	"encoding/base32"
	"errors"
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
	SpendTOTPStep(ctx context.Context, user UserID, step int64, grant ChangeSet) (spent bool, err error)
	// RemoveTOTP removes the app and every set-up of one that is under way, and
	// the backup codes too where no second factor is left.
	RemoveTOTP(ctx context.Context, user UserID, grant ChangeSet) (removed bool, err error)

	// FindTOTPEnrolment reads the set-up under way in a session.
	FindTOTPEnrolment(ctx context.Context, session SessionID, now time.Time) (TOTPEnrolment, error)
	// AddTOTPEnrolment begins a set-up, unless one is under way.
	AddTOTPEnrolment(ctx context.Context, e TOTPEnrolment, now time.Time) error
	// ReplaceTOTPEnrolment puts next in place of the set-up with the key id that
	// was seen, unless that has gone on in the meantime.
	ReplaceTOTPEnrolment(ctx context.Context, seen string, next TOTPEnrolment) (replaced bool, err error)
	// SpendTOTPEnrolment marks the set-up with that key id as verified, once.
	SpendTOTPEnrolment(ctx context.Context, e TOTPEnrolment, grant ChangeSet) (spent bool, err error)
}

func (r *Rules) verifyTOTP(ctx context.Context, q question, answer string, now time.Time) (spend, error) {
	key := TOTPKey{User: q.user}
	if q.enrols != nil {
		key.Secret = q.enrols.Secret
	} else {
		var err error
		if key, err = r.store.FindTOTP(ctx, q.user); errors.Is(err, ErrNotFound) {
			return nil, &Problem{Reason: UnknownMethod}
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
		return func(ctx context.Context, grant ChangeSet) (bool, error) {
			grant.TOTP.LastStep = step // the step that proved the app signs nobody in (TO-07)
			return r.store.SpendTOTPEnrolment(ctx, *q.enrols, grant)
		}, nil
	}
	return func(ctx context.Context, grant ChangeSet) (bool, error) {
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
