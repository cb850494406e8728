package oidc

import (
	"slices"
	"time"

	"twostep/auth"
)

// The values of acr.
const (
	ACROneFactor  = "urn:twostep:acr:1"
	ACRTwoFactors = "urn:twostep:acr:2"
	ACRPasskey    = "phr" // phishing-resistant (OpenID Connect Extended Authentication Profile ACR Values 1.0)
)

// acrLevels are the values of acr in discovery, from the lowest to the highest, and what
// a session must have verified for them.
var acrLevels = []struct {
	acr   string
	level auth.Level
}{
	{ACROneFactor, auth.OneFactor},
	{ACRTwoFactors, auth.TwoFactors},
	{ACRPasskey, auth.PhishingResistant},
}

// acrLevel returns the level of a value, and zero for an unknown one.
func acrLevel(acr string) auth.Level {
	for _, row := range acrLevels {
		if row.acr == acr {
			return row.level
		}
	}
	return 0
}

// ACRMet reports whether the session satisfies one of the acr_values of a request, in
// which any is acceptable (C 5.5.1.1), or none was listed.
func ACRMet(session auth.Session, listed []string) bool {
	return len(listed) == 0 || slices.ContainsFunc(listed, func(acr string) bool {
		level := acrLevel(acr)
		return level > 0 && level <= session.Level()
	})
}

// StepUp is the level to ask for if the session does not satisfy any of acr_values: that
// of the first one that the account can reach. It is zero if there is none (OI-35).
func StepUp(factors auth.Factors, listed []string) auth.Level {
	for _, acr := range listed {
		if level := acrLevel(acr); level > 0 && level <= factors.Level() {
			return level
		}
	}
	return 0
}

// ACR returns the acr of a session: the highest listed value that it satisfies or, if it
// satisfies none of them, the highest of all. It never exceeds what was verified (OI-36).
func ACR(session auth.Session, listed []string) (acr string) {
	listedOnly := len(listed) > 0 && ACRMet(session, listed)
	for _, row := range acrLevels {
		if row.level <= session.Level() && (!listedOnly || slices.Contains(listed, row.acr)) {
			acr = row.acr
		}
	}
	return acr
}

// AuthTime returns the auth_time that goes with an acr: the earliest time of the factors
// that it counts. If it counts one of two, that is the first one or the passkey.
func AuthTime(session auth.Session, acr string) (earliest time.Time) {
	verified := session.Verified()
	if acr == ACRPasskey {
		verified = slices.DeleteFunc(verified, func(v auth.VerifiedFactor) bool { return v.Factor != auth.PasskeyVerified })
	}
	for _, v := range verified[:min(int(acrLevel(acr)), len(verified))] {
		if earliest.IsZero() || v.At.Before(earliest) {
			earliest = v.At
		}
	}
	return earliest
}

// amrValues are the values of RFC 8176 for a factor. A backup code and a mailed code have
// none. The key of a passkey that may be synced is not bound to hardware; the user is
// present at each use.
func amrValues(v auth.VerifiedFactor) []string {
	switch {
	case v.Factor == auth.Password:
		return []string{"pwd"}
	case v.Factor == auth.TOTPCode:
		return []string{"otp"}
	case v.Factor == auth.PhoneCode:
		return []string{"sms"}
	case v.Factor != auth.PasskeyPresent && v.Factor != auth.PasskeyVerified:
		return nil
	case v.Syncable:
		return []string{"swk", "user"}
	}
	return []string{"hwk", "user"}
}

// amrTwoFactors is the value of RFC 8176 for several factors together.
const amrTwoFactors = "mfa"

// AMR returns the authentication methods of the session. It is empty after a sign-up,
// which verifies a mailed code (OI-36).
func AMR(session auth.Session) (amr []string) {
	for _, v := range session.Verified() {
		for _, value := range amrValues(v) {
			if !slices.Contains(amr, value) { // a passkey may be both factors
				amr = append(amr, value)
			}
		}
	}
	if session.Level() >= auth.TwoFactors {
		amr = append(amr, amrTwoFactors)
	}
	return amr
}
