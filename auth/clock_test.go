package auth

import (
	"testing"
	"time"
)

// TestDatable: what is dated ahead of the clock, by more than clocks differ,
// proves nothing and keeps nothing open, however long it would last by its own
// dates (SE-05, SE-06, RV-01, SM-04).
func TestDatable(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	r := &Rules{
		now: func() time.Time { return now },
		policy: Policy{
			Factors: []FactorKind{TOTPCode}, SessionIdle: SessionIdleMax, SessionLifetime: SessionLifetimeMax, Reauth: ReauthPresets["strict_mfa"],
		},
	}
	for ahead, stands := range map[time.Duration]bool{
		-time.Minute: true, 0: true, 35 * time.Second: true, ClockSkew: true, ClockSkew + time.Millisecond: false, 365 * 24 * time.Hour: false,
	} {
		at := now.Add(ahead)
		for what, got := range map[string]bool{
			"a session begun":   !r.expired(Session{StartedAt: at, SeenAt: now}, now),
			"a session seen":    !r.expired(Session{StartedAt: now, SeenAt: at}, now),
			"a code sent":       !(SentCode{SentAt: at, ExpiresAt: at.Add(CodeLifetimeMax)}).expired(now),
			"the second factor": r.FreshlyVerified(Session{PasswordAt: now, MFAAt: at}, Factors{TOTP: &TOTP{}}),
			"the first factor":  r.FreshlyVerified(Session{PasswordAt: at, MFAAt: now}, Factors{TOTP: &TOTP{}}),
			"the only factor":   r.FreshlyVerified(Session{PasswordAt: at}, Factors{}),
		} {
			if got != stands {
				t.Errorf("%s %v ahead: stands %v, want %v", what, ahead, got, stands)
			}
		}
	}
}
