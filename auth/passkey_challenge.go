package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A challenge is stored only after its use. Until then an HMAC says what it is for, who
// may use it and until when. So a request for the sign-in page writes nothing, a
// restart loses nothing, and all servers with one keyring agree.
//
// It consists of 16 random bytes (PK-01), its expiry in Unix milliseconds, and the first
// half of HMAC-SHA-256 over its purpose, holder, and these bytes.
const (
	challengeRandom = 16
	challengeMAC    = challengeRandom + 8
	challengeLength = challengeMAC + 16
)

// challengeFor is what a challenge is for: a response to one page cannot be used with
// another.
type challengeFor struct {
	purpose  string
	holder   string // the browser, attempt or session that it was made for
	lifetime time.Duration
}

// signInChallenge is for the sign-in page of one browser.
func signInChallenge(client Client) challengeFor {
	return challengeFor{"sign_in", client.FormToken.Hash(), ChallengeSignIn}
}

// attemptPasskey is for one attempt.
func attemptPasskey(a Attempt) challengeFor {
	return challengeFor{"attempt", a.TokenHash, ChallengeLifetime}
}

// enrolmentChallenge is for adding a passkey in one session.
func enrolmentChallenge(session Session, securityKey bool) challengeFor {
	if securityKey {
		return challengeFor{"add_security_key", string(session.ID), ChallengeLifetime}
	}
	return challengeFor{"add", string(session.ID), ChallengeLifetime}
}

func (r *Rules) newChallenge(of challengeFor, now time.Time) base64URL {
	c := make([]byte, challengeRandom, challengeLength)
	rand.Read(c)
	c = binary.BigEndian.AppendUint64(c, uint64(now.Add(of.lifetime).UnixMilli()))
	_, key := r.keys.Newest(KeyPasskey)
	return append(c, of.mac(key, c)...)
}

// openChallenge returns the change that consumes a challenge, or a problem if it is not
// for this or has expired.
func (r *Rules) openChallenge(of challengeFor, c []byte, now time.Time) (SpendChallenge, error) {
	if len(c) != challengeLength || !r.madeChallenge(of, c) {
		return SpendChallenge{}, &Problem{Reason: PasskeyWrong}
	}
	expires := time.UnixMilli(int64(binary.BigEndian.Uint64(c[challengeRandom:challengeMAC]))).UTC()
	if !now.Before(expires) || !plausible(expires.Add(-of.lifetime), now) {
		return SpendChallenge{}, &Problem{Reason: PasskeyExpired}
	}
	sum := sha256.Sum256(c)
	return SpendChallenge{Hash: base64.RawURLEncoding.EncodeToString(sum[:]), ExpiresAt: expires}, nil
}

func (r *Rules) madeChallenge(of challengeFor, c []byte) (made bool) {
	for _, key := range r.keys.All(KeyPasskey) {
		if hmac.Equal(of.mac(key, c[:challengeMAC]), c[challengeMAC:]) {
			made = true
		}
	}
	return made
}

func (of challengeFor) mac(key, c []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(of.purpose + "\x00" + of.holder + "\x00"))
	mac.Write(c)
	return mac.Sum(nil)[:challengeLength-challengeMAC]
}
