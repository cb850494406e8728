package auth

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestNewSentCode: six digits with leading zeros, uniformly distributed (SM-03).
func TestNewSentCode(t *testing.T) {
	six := regexp.MustCompile(`^\d{6}$`)
	var counts [6][10]int
	const samples = 100_000
	for range samples {
		code := newSentCode()
		if !six.MatchString(code) {
			t.Fatalf("%q", code)
		}
		for i, digit := range code {
			counts[i][digit-'0']++
		}
	}
	for i, row := range counts {
		chi := 0.0
		for _, n := range row {
			chi += math.Pow(float64(n)-samples/10, 2) / (samples / 10)
		}
		if chi > 45 { // nine degrees of freedom: by chance once in about a million runs
			t.Errorf("digit %d is not uniform: %v", i, row)
		}
	}
}

// TestNewBackupCode: at least 64 bits, of characters that are not mistaken for one
// another (BC-01, BC-06).
func TestNewBackupCode(t *testing.T) {
	if bits := math.Log2(float64(len(backupAlphabet))) * BackupCodeLength; bits < 64 {
		t.Errorf("%.1f bits", bits)
	}
	if strings.ContainsAny(backupAlphabet, "01ilo") {
		t.Error("characters that look alike")
	}
	code := newBackupCode()
	if len(code) != BackupCodeLength || strings.Trim(code, backupAlphabet) != "" {
		t.Errorf("%q", code)
	}
	spaced := code[:4] + " " + code[4:8] + "-" + code[8:12] + "\u2009\u2013 " + code[12:]
	for _, typed := range []string{code, strings.ToUpper(code), spaced, " " + code + "\r\n"} {
		if cleanCode(typed) != code || !looksLikeBackupCode(typed) {
			t.Errorf("%q reads as %q", typed, cleanCode(typed))
		}
	}
	if looksLikeBackupCode("123 456") {
		t.Error("six digits look like a backup code")
	}
}

// TestParseKeyring: an empty keyring, a sample key and a syntax error are refused
// (ST-05); each purpose derives its own key (ST-06).
func TestParseKeyring(t *testing.T) {
	one := NewKeyring()
	read, err := ParseKeyring(one.String())
	if err != nil || read.String() != one.String() {
		t.Fatalf("a keyring was not parsed as it was formatted: %v", err)
	}
	two := NewKeyring()
	both, err := ParseKeyring("2" + strings.TrimPrefix(two.String(), "1") + one.String())
	if err != nil {
		t.Fatal(err)
	}
	if id, key := both.Newest(KeySeal); id != 2 || string(key) != string(two.All(KeySeal)[0]) {
		t.Error("the first key is not the newest")
	}
	if key, found := both.ByID(1, KeySeal); !found || string(key) != string(one.All(KeySeal)[0]) {
		t.Error("the older key was not found")
	}
	if string(one.All(KeySeal)[0]) == string(one.All(KeyForm)[0]) {
		t.Error("two purposes share a key")
	}
	for _, text := range []string{
		"", "1", "1:", "0" + strings.TrimPrefix(one.String(), "1"), "256" + strings.TrimPrefix(one.String(), "1"),
		"1:c2hvcnQ=", "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", one.String() + one.String(),
		"1:MTIxMjEyMTIxMjEyMTIxMjEyMTIxMjEyMTIxMjEyMTI=",
	} {
		if _, err := ParseKeyring(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

// TestParsePhone: any common notation becomes E.164 (SM-09); invalid numbers are
// refused, too long ones too.
func TestParsePhone(t *testing.T) {
	for typed, want := range map[string]string{
		"(415) 555-2671": "+14155552671", "+49 30 901820": "+4930901820", "0044 20 7946 0958": "",
		"011 44 20 7946 0958": "+442079460958", "415.555.2671": "+14155552671", "tel:+1-415-555-2671": "+14155552671",
		"": "", "911": "", "+1 415 555 2671 999": "", "hello": "", "+999 123456": "", "<b>1</b>": "",
		"+1 415 555 2671 ext. 5": "",
	} {
		got, err := ParsePhone(typed, "US")
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", typed, got, err, want)
		}
	}
}

// The status of a delivery is derived: a final result outweighs failures, and its own
// facts those of other messages.
func TestDelivery_Status(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	for want, all := range map[DeliveryStatus][]Delivery{
		DeliveryPending:  {{}},
		DeliverySent:     {{SentAt: at}, {SentAt: at, Failures: 3}},
		DeliveryDelayed:  {{Failures: 1}, {Stalled: true}},
		DeliveryRejected: {{RejectedAt: at, Failures: 1}},
	} {
		for _, d := range all {
			if got := d.Status(); got != want {
				t.Errorf("%+v is %s, want %s", d, got, want)
			}
		}
	}
}
