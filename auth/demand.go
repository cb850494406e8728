package auth

import (
	"slices"
	"time"
)

// A Level says how a user was authenticated. A higher level includes the lower ones.
type Level int

// The levels.
const (
	OneFactor         Level = 1
	TwoFactors        Level = 2
	PhishingResistant Level = 3 // a passkey that has verified its user
)

// Verified returns the factors that the session has verified, the first one first.
func (s Session) Verified() (all []VerifiedFactor) {
	for _, v := range []VerifiedFactor{{s.FirstKind, s.PasswordAt, s.FirstSyncable}, {s.SecondKind, s.MFAAt, s.SecondSyncable}} {
		if v.Factor != "" {
			all = append(all, v)
		}
	}
	return all
}

// Level is the session's level. The email address that a sign-up has verified counts as
// its first factor: the user chose the password in the same form.
func (s Session) Level() Level {
	if s.FirstKind == PasskeyVerified || s.SecondKind == PasskeyVerified {
		return PhishingResistant
	}
	return Level(len(s.Verified()))
}

// Level is the highest level that a session of the account can have.
func (f Factors) Level() Level {
	verifies := func(p Passkey) bool { return p.UserVerified }
	switch {
	case f.Allows(PasskeyPresent) && slices.ContainsFunc(f.usablePasskeys(), verifies):
		return PhishingResistant
	case f.HasMFA():
		return TwoFactors
	}
	return OneFactor
}

// A Demand is what a session must have verified for one purpose, such as the request of an
// app. The policy of re-authentication applies to the pages of the account, whatever
// others demand. Every session satisfies the zero demand.
type Demand struct {
	AllFactors bool      // also the password of a user who has a second factor
	NotBefore  time.Time // of these factors; zero for any time
	Level      Level     // zero for any
}

// datedAfter returns the time of a response to the demand: the clock of the server that
// dated the demand may be ahead, and the response came after it.
func (d Demand) datedAfter(now time.Time) time.Time {
	if d.NotBefore.After(now) && plausible(d.NotBefore, now) {
		return d.NotBefore
	}
	return now
}

// Satisfies reports whether the session has verified what a demand asks for. Without
// AllFactors the time is that of the second factor or, if the account has none, of the
// password.
func (s Session) Satisfies(d Demand, factors Factors, now time.Time) bool {
	if s.Level() < d.Level {
		return false
	}
	if !d.AllFactors && d.NotBefore.IsZero() {
		return true
	}
	since := func(at time.Time) bool { return !at.IsZero() && !at.Before(d.NotBefore) && plausible(at, now) }
	if !factors.HasMFA() {
		return since(s.PasswordAt)
	}
	return since(s.MFAAt) && (!d.AllFactors || since(s.PasswordAt))
}
