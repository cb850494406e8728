package auth

import (
	"context"
	"encoding/base32"
	"errors"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// A TOTPKey is the key shared with an authenticator app and the last time step
// it was used for. RFC 6238 with HMAC-SHA-1, six digits and 30-second steps,
// because some apps compute that whatever the QR code says (TO-03).
type TOTPKey struct {
	User     UserID
	Secret   []byte // 160 bits, encrypted at rest (ST-04)
	LastStep int64  // Unix time / 30 s; codes of this step and earlier ones are invalid
	AddedAt  time.Time
}

// A totpFactor is the account's authenticator app.
type totpFactor struct{ user UserID }

func (f totpFactor) kind() FactorKind     { return TOTPCode }
func (f totpFactor) alreadySpent() Reason { return TOTPUsed }

func (f totpFactor) verify(ctx context.Context, r *Rules, response string, now time.Time) (spend, error) {
	key, err := r.store.FindTOTP(ctx, f.user)
	if errors.Is(err, ErrNotFound) {
		return nil, &Problem{Reason: UnknownMethod}
	}
	if err != nil {
		return nil, err
	}
	step, matches := matchTOTP(key.Secret, response, now)
	if !matches {
		return nil, &Problem{Reason: TOTPWrong, Field: "code"}
	}
	if key.used(step) {
		return nil, &Problem{Reason: TOTPUsed, Field: "code"}
	}
	return func(ctx context.Context, changes ChangeSet) (bool, error) {
		return r.store.SpendTOTPStep(ctx, f.user, step, changes)
	}, nil
}

// used reports whether codes of a step are invalid. A last step far in the future was
// written while the clock was wrong: it would invalidate every code until then, so it
// counts for nothing.
func (k TOTPKey) used(step int64) bool { return step <= k.LastStep && k.LastStep <= step+TOTPAhead }

// matchTOTP finds the newest step within the drift that has this code (TO-04),
// comparing in constant time (TO-11). An empty key matches nothing.
func matchTOTP(secret []byte, code string, now time.Time) (step int64, matches bool) {
	if len(secret) == 0 {
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

// totpText encodes a key for apps: base32 without padding (TO-08).
func totpText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}
