package db

import (
	"context"
	"testing"
	"time"

	"twostep/auth"
)

// Attempts, enrolments and their pending changes expire to the millisecond.
func TestExpiry(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		totp, phone, email := totpEnrolment("k1"), phoneEnrolment("p"), emailEnrolment("ann", auth.ForNotices, "x@example.org")
		must(t, db.AddTOTPEnrolment(t.Context(), totp, noon))
		must(t, db.ReplacePhoneEnrolment(t.Context(), phone, auth.ChangeSet{User: "ann", At: noon}))
		must(t, db.ReplaceEmailEnrolment(t.Context(), email, auth.ChangeSet{User: "ann", At: noon}))
		for name, row := range map[string]struct {
			expires time.Time
			find    func(ctx context.Context, now time.Time) error
		}{
			"attempt": {noon.Add(auth.AttemptLifetime), func(ctx context.Context, now time.Time) error {
				_, err := db.FindAttempt(ctx, "a1", now)
				return err
			}},
			"TOTP": {totp.ExpiresAt, func(ctx context.Context, now time.Time) error {
				_, err := db.FindTOTPEnrolment(ctx, "s1", now)
				return err
			}},
			"phone": {phone.ExpiresAt, func(ctx context.Context, now time.Time) error {
				_, err := db.FindPhoneEnrolment(ctx, "s1", now)
				return err
			}},
			"email": {email.ExpiresAt, func(ctx context.Context, now time.Time) error {
				_, err := db.FindEmailEnrolment(ctx, "ann", now)
				return err
			}},
			"token that stops a change": {email.ExpiresAt, func(ctx context.Context, now time.Time) error {
				_, err := db.FindEmailChange(ctx, email.StopHash, now)
				return err
			}},
		} {
			if err := row.find(t.Context(), row.expires.Add(-time.Millisecond)); err != nil {
				t.Errorf("%s: %v a millisecond before", name, err)
			}
			wantNotFound(t, row.find(t.Context(), row.expires))
		}
	})
}

// An enrolment whose key was replaced, as in another tab, is not verified by a code of
// the old key, and no key is replaced that was not seen.
func TestTOTPEnrolment_OtherKey(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		must(t, db.AddTOTPEnrolment(t.Context(), totpEnrolment("k1"), noon))
		ok, err := db.ReplaceTOTPEnrolment(t.Context(), "k1", totpEnrolment("k2"))
		wantTrue(t, ok, err)
		old := totpEnrolment("k1")
		old.VerifiedAt = noon
		ok, err = db.SpendTOTPEnrolment(t.Context(), old, auth.ChangeSet{At: noon})
		wantFalse(t, ok, err)
		ok, err = db.ReplaceTOTPEnrolment(t.Context(), "k1", totpEnrolment("k3"))
		wantFalse(t, ok, err)
	})
}
