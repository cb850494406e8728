package auth

import (
	"encoding/base32"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// TestVectors checks the test vectors of RFC 6238 appendix B and RFC 4226 appendix D
// (TO-01).
func TestVectors(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for seconds, want := range map[uint64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471",
		1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		got, err := hotp.GenerateCodeCustom(secret, seconds/30, hotp.ValidateOpts{Digits: otp.DigitsEight, Algorithm: otp.AlgorithmSHA1})
		if err != nil || got != want {
			t.Errorf("RFC 6238 at %d: %s, want %s (%v)", seconds, got, want, err)
		}
	}
	for counter, want := range strings.Fields("755224 287082 359152 969429 338314 254676 287922 162583 399871 520489") {
		step, matches := matchTOTP([]byte("12345678901234567890"), want, time.Unix(int64(counter)*30, 0))
		if !matches || step != int64(counter) {
			t.Errorf("RFC 4226 counter %d: step %d, %v", counter, step, matches)
		}
	}
}

// TestMatchTOTP: at most one step either way (TO-04), six digits, and an empty key
// matches nothing.
func TestMatchTOTP(t *testing.T) {
	secret := []byte("12345678901234567890")
	now := time.Unix(1_800_000_015, 0)
	current := now.Unix() / 30
	for offset, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		code, err := hotp.GenerateCode(totpText(secret), uint64(current+offset))
		if err != nil {
			t.Fatal(err)
		}
		step, matches := matchTOTP(secret, code, now)
		if matches != want || matches && step != current+offset {
			t.Errorf("step %+d: step %d, %v", offset, step-current, matches)
		}
	}
	ofNoKey, err := hotp.GenerateCode("", uint64(current))
	if err != nil {
		t.Fatal(err)
	}
	if _, matches := matchTOTP(nil, ofNoKey, now); matches {
		t.Error("an empty key matched")
	}
	for _, code := range []string{"", "12345", "1234567", "abcdef"} {
		if _, matches := matchTOTP(secret, code, now); matches {
			t.Errorf("%q matched", code)
		}
	}
}

// TestTOTPKey_Used: a step is used if it is not after the last one, unless that was
// written while the clock was ahead (TO-05).
func TestTOTPKey_Used(t *testing.T) {
	for last, want := range map[int64]bool{99: false, 100: true, 101: true, 100 + TOTPAhead: true, 101 + TOTPAhead: false} {
		if got := (TOTPKey{LastStep: last}).used(100); got != want {
			t.Errorf("last step %d: used %v, want %v", last, got, want)
		}
	}
}

// TestURI: a strict parser reads issuer, account and key from the URI unchanged, whatever
// characters they contain (TO-02, TO-03, TO-08).
func TestURI(t *testing.T) {
	e := newTOTPEnrolment(Session{ID: "s", User: "u"}, time.Unix(0, 0))
	if len(e.Secret) != 20 || len(e.KeyText()) != 32 {
		t.Errorf("key of %d bytes, %d characters", len(e.Secret), len(e.KeyText()))
	}
	if other := newTOTPEnrolment(Session{ID: "s", User: "u"}, time.Unix(0, 0)); other.KeyText() == e.KeyText() || other.ID == e.ID {
		t.Error("two enrolments share a key or an id")
	}
	for _, row := range []struct{ issuer, account, wantIssuer, wantAccount string }{
		{"Twostep", "ann@example.org", "Twostep", "ann@example.org"},
		{"Big Co & Söhne", "a+b@example.org", "Big Co & Söhne", "a+b@example.org"},
		{"A&secret=AAAA#?/%", "x=y&z@example.org", "A&secret=AAAA#?/%", "x=y&z@example.org"},
		{"With: colon", "a:b@example.org", "With colon", "ab@example.org"},
	} {
		text := e.URI(row.issuer, row.account)
		if strings.ContainsAny(text, "+ ") || strings.Contains(strings.Split(text, "&")[0], "==") {
			t.Errorf("%s: a raw plus, a space or padding", text)
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "otpauth" || u.Host != "totp" {
			t.Fatalf("%s: %v", text, err)
		}
		label := strings.SplitN(strings.TrimPrefix(u.Path, "/"), ":", 2)
		q := u.Query()
		if label[0] != row.wantIssuer || label[1] != row.wantAccount || q.Get("issuer") != row.wantIssuer ||
			len(q["secret"]) != 1 || q.Get("secret") != e.KeyText() || len(q) != 2 { // everything else has the format's default
			t.Errorf("%s is parsed as %q %v", text, label, q)
		}
	}
}
