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
		if cleanCode(typed) != code {
			t.Errorf("%q reads as %q", typed, cleanCode(typed))
		}
	}
}

// TestCleanCode: digits of any script, full-width letters, punctuation and sentences with one code
// are read (BC-06, AX-03).
func TestCleanCode(t *testing.T) {
	for typed, want := range map[string]string{
		"123456": "123456", "123456.": "123456", " 123 456 ": "123456", "123-456": "123456", "1 2 3 4 5 6": "123456", "\"123456\"": "123456", "#123456": "123456", "“123\u2009456”,": "123456",
		"١٢٣٤٥٦": "123456", "۱۲۳۴۵۶": "123456", "१२३४५६": "123456", "１２３４５６": "123456", "𝟏𝟐𝟑𝟒𝟓𝟔": "123456", "\u202a123456\u202c": "123456", "𝟘𝟙𝟚𝟛𝟜𝟝": "012345", "٠٩٠٩٠٩": "090909", "𞥐𞥙𞥐𞥙𞥐𞥙": "090909",
		"123456 is your Acme code. It expires in 10 minutes.\n@id.example.org #123456": "123456",
		"Your code is 123 456.": "123456", "Code: １２３-４５６": "123456", "code=123456": "123456",
		"123456 or 654321": "123456or654321", "call 1234567": "call1234567", "12345": "12345", "the code": "thecode", "": "", " . ": "",
		"ＡＢＣＤ-ＥＦＧＨ-2345-6789": "abcdefgh23456789", "abcd efgh 2345 6789": "abcdefgh23456789", "abcd efgh 234567 jk": "abcdefgh234567jk", "My backup code: ABCD-EFGH-2345-6789.": "abcdefgh23456789",
		"abcdefgh23456789": "abcdefgh23456789", "ABCD_EFGH_2345_6789": "abcdefgh23456789",
	} {
		got := cleanCode(typed)
		if got != want {
			t.Errorf("%q is read as %q, want %q", typed, got, want)
		}
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
	if _, err := ParseKeyring("1:MTIzNDU2NzgxMjM0NTY3ODEyMzQ1Njc4MTIzNDU2Nzg="); err != nil {
		t.Errorf("a key of eight different bytes: %v", err)
	}
	if string(one.All(KeySeal)[0]) == string(one.All(KeyForm)[0]) {
		t.Error("two purposes share a key")
	}
	for _, text := range []string{
		"", "1", "1:", "0" + strings.TrimPrefix(one.String(), "1"), "256" + strings.TrimPrefix(one.String(), "1"),
		"1:c2hvcnQ=", "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", one.String() + one.String(),
		"1:MTIxMjEyMTIxMjEyMTIxMjEyMTIxMjEyMTIxMjEyMTI=", "1:MTIzNDU2NzEyMzQ1NjcxMjM0NTY3MTIzNDU2NzEyMzQ=",
		"1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
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
		"(415) 555-2671": "+14155552671", "+49 30 901820": "+4930901820", "+49 4184 060771026": "+494184060771026", "0044 20 7946 0958": "+442079460958",
		"011 44 20 7946 0958": "+442079460958", "415.555.2671": "+14155552671", "tel:+1-415-555-2671": "+14155552671",
		"": "", "911": "", "+1 415 555 2671 999": "", "hello": "", "+999 123456": "", "<b>1</b>": "",
		"+1 415 555 2671 ext. 5": "", "+49 30 901820 ext. 7": "", "+49 30 901820,7": "", "0049 30 901820 #7": "",
		"00 1 415 555 2671": "+14155552671", "0011 44 20 7946 0958": "", "00": "", "011": "", "00 415 555 2671": "",
		"+52 1 55 1234 5678": "+525512345678", "0052 1 55 1234 5678": "+525512345678", "011 52 1 55 1234 5678": "+525512345678", "+52 55 1234 5678": "+525512345678",
		"\u202a+1 415\u00a0555\u20112671\u202c": "+14155552671", "\u2066(415) 555-2671\u2069\u200e": "+14155552671", "\ufeff+14155552671": "+14155552671",
		"+٤٤ ٢٠ ٧٩٤٦ ٠٩٥٨": "+442079460958", "＋１４１５５５５２６７１": "+14155552671",
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
