package auth

import (
	"errors"
	"testing"
	"time"
)

// TestPlausible: what is dated further in the future than clocks differ has expired,
// whatever its own expiry (SE-05, SE-06, RV-01, SM-04).
func TestPlausible(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	r := rulesOf(Policy{
		Factors: []FactorKind{TOTPCode}, SessionIdle: SessionIdleMax, SessionLifetime: SessionLifetimeMax, Reauth: ReauthPresets["strict_mfa"],
	}, now)
	for ahead, valid := range map[time.Duration]bool{
		-time.Minute: true, 0: true, 35 * time.Second: true, ClockSkew: true, ClockSkew + time.Millisecond: false, 365 * 24 * time.Hour: false,
	} {
		at := now.Add(ahead)
		for name, got := range map[string]bool{
			"a new session":               !r.expired(Session{StartedAt: at, SeenAt: now}, now),
			"a session seen":              !r.expired(Session{StartedAt: now, SeenAt: at}, now),
			"a code sent":                 !(SentCode{SentAt: at, ExpiresAt: at.Add(CodeLifetimeMax)}).expired(now),
			"the second factor":           r.FreshlyVerified(Session{PasswordAt: now, MFAAt: at}, Factors{TOTP: &TOTP{}}),
			"the password":                r.FreshlyVerified(Session{PasswordAt: at, MFAAt: now}, Factors{TOTP: &TOTP{}}),
			"the password as only factor": r.FreshlyVerified(Session{PasswordAt: at}, Factors{}),
		} {
			if got != valid {
				t.Errorf("%s %v ahead: valid %v, want %v", name, ahead, got, valid)
			}
		}
	}
}

// TestRecent: a form may be posted twice for less than the window.
func TestRecent(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for age, want := range map[time.Duration]bool{RepeatWindow: false, RepeatWindow - 1: true, 0: true, -ClockSkew: true, -ClockSkew - 1: false} {
		if got := recent(now.Add(-age), now); got != want {
			t.Errorf("%v ago: %v, want %v", age, got, want)
		}
	}
}

func TestShortDuration(t *testing.T) {
	for given, want := range map[time.Duration]string{
		time.Hour: "1h", 24 * time.Hour: "24h", 90 * time.Minute: "1h30m", time.Minute: "1m", 10 * time.Second: "10s",
		time.Hour + time.Second: "1h0m1s", 0: "0s", -time.Hour: "-1h",
	} {
		if got := ShortDuration(given); got != want {
			t.Errorf("%v is written %s, want %s", given, got, want)
		}
	}
}

// TestCheckCodeTime: a code dated in the future is tried again until it has expired, and
// is then refused. Other messages do not depend on their time.
func TestCheckCodeTime(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	future := now.Add(ClockSkew + time.Second)
	for _, row := range []struct {
		message  Message
		later    bool
		rejected bool
	}{
		{Message{Code: "123456", At: now}, false, false},
		{Message{At: future}, false, false},
		{Message{Code: "123456", At: future, Failures: MessageFutureRetries - 1}, true, false},
		{Message{Code: "123456", At: future, Failures: MessageFutureRetries}, true, true},
	} {
		err := checkCodeTime(row.message, now)
		if errors.Is(err, errFutureCode) != row.later || errors.Is(err, ErrRejected) != row.rejected {
			t.Errorf("%+v: %v", row.message, err)
		}
	}
}
