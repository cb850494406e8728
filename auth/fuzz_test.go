package auth

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// problemOnly fails if the error for invalid input is not a Problem.
func problemOnly(t *testing.T, err error) {
	t.Helper()
	if p := (*Problem)(nil); err != nil && !errors.As(err, &p) {
		t.Fatalf("a fault: %v", err)
	}
}

// FuzzPhone: a parsed number is E.164, and is parsed as itself in any country.
func FuzzPhone(f *testing.F) {
	for _, typed := range []string{
		"+1 415 555 2671", "(415) 555-2671", "001 44 20 7946 0958", "+44 (0)20 7946 0958", "1-800-FLOWERS", "+49 30 901820 ext. 7",
		"tel:+1-415-555-2671;phone-context=+1", "\u202a+14155552671\u202c", "＋４４２０７９４６０９５８", "+800 1234 5678", "+", "",
	} {
		f.Add(typed, "US")
	}
	f.Add("02079460958", "GB")
	f.Add("0912 345 678", "")
	e164 := regexp.MustCompile(`^\+[1-9][0-9]{5,14}$`)
	f.Fuzz(func(t *testing.T, typed, region string) {
		number, err := ParsePhone(typed, region)
		problemOnly(t, err)
		if err != nil {
			return
		}
		if !e164.MatchString(number) {
			t.Fatalf("%q is parsed as %q", typed, number)
		}
		for _, anywhere := range []string{region, "US", "GB", ""} {
			if again, err := ParsePhone(number, anywhere); err != nil || again != number {
				t.Fatalf("%q is parsed as %q, and that in %q as %q, %v", typed, number, anywhere, again, err)
			}
		}
	})
}

// FuzzCode: a code is the same however it is typed, and cleaning a code changes nothing
// (BC-06).
func FuzzCode(f *testing.F) {
	f.Add([]byte("2345abcd6789wxyz"), " - \t", "AbCd-2345")
	f.Add([]byte("123456"), "\u00a0\u2010\u2014", "12 34 56")
	f.Add([]byte("0"), "", "00 0000Ђ00000000") // sixteen bytes, but no code
	f.Add([]byte("zz"), "\u200b\ufeff\u00ad", "\u202a123456\u202c")
	f.Fuzz(func(t *testing.T, picks []byte, around, typed string) {
		code, spelled := make([]byte, BackupCodeLength), ""
		separators := strings.Map(func(c rune) rune {
			if strings.ContainsRune(" -\t\r\n\u00a0\u00ad\u2002\u2010\u2011\u2013\u2014\u200b\u202a\u202c\ufeff", c) {
				return c
			}
			return -1
		}, around)
		for i := range code {
			pick := byte(i)
			if i < len(picks) {
				pick = picks[i]
			}
			code[i] = backupAlphabet[int(pick)%len(backupAlphabet)]
			if c := string(code[i]); pick >= 128 {
				spelled += strings.ToUpper(c) + separators
			} else {
				spelled += c
			}
		}
		if got := cleanCode(spelled + separators); got != string(code) || len(cleanCode(spelled)) != BackupCodeLength {
			t.Fatalf("%q is parsed as %q, want %q", spelled, got, code)
		}
		clean := cleanCode(typed)
		isCode := len(clean) == SentCodeDigits || len(clean) == BackupCodeLength && strings.Trim(clean, backupAlphabet) == ""
		if isCode && cleanCode(clean) != clean {
			t.Fatalf("%q is cleaned to %q, and that to %q", typed, clean, cleanCode(clean))
		}
	})
}

// FuzzEmail: an email address and its key are parsed as themselves, fit into their
// columns and cannot break a header (FF-06).
func FuzzEmail(f *testing.F) {
	for _, typed := range []string{
		"ann@example.org", " Ann@EXAMPLE.org\n", "ann+tag@bücher.example", "ÄNN@example.org", "a@b", "a@b@c.example", "@", "a@[127.0.0.1]",
		"=?utf-8?q?a?=@example.org", "a\u0307\u0323@example.org", "İ@example.org", "ann@ex\u00adample.org", "ann\r\nBcc: x@example.org",
		strings.Repeat("Ⱥ", 120) + "@b.example", "ϓ\u0301@example.org", "\"a b\"@example.org", "ann@example.org.", "ann@ﬁ.example", "ann\u202egro.elpmaxe@example.org",
	} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		email, err := ParseEmail(typed)
		problemOnly(t, err)
		if err != nil {
			return
		}
		if again, err := ParseEmail(email.Typed); err != nil || again != email {
			t.Fatalf("%q is %+q, and as it was typed %+q, %v", typed, email, again, err)
		}
		if again, err := ParseEmail(email.Key); err != nil || again.Key != email.Key {
			t.Fatalf("%q is %+q, and its key %+q, %v", typed, email, again, err)
		}
		for _, form := range []string{email.Typed, email.Key} {
			if len(form) > EmailMaxBytes || !utf8.ValidString(form) || strings.ContainsFunc(form, unicode.IsControl) || strings.ContainsFunc(form, unicode.IsSpace) || strings.ContainsRune(form, '\u202e') {
				t.Fatalf("%q is %q", typed, form)
			}
		}
	})
}

// FuzzKeys: a keyring is parsed as it is formatted, and no error shows a key (ST-05).
func FuzzKeys(f *testing.F) {
	one := NewKeyring()
	two, _, err := one.Add()
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{one.String(), two.String(), one.String() + one.String(), "1:" + strings.Repeat("A", 43) + "=", "256:x", "0x1:y", "1", ":", "+1:" + one.String()[2:]} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := ParseKeyring(text)
		if err != nil {
			for _, line := range strings.Fields(text) {
				if _, key, _ := strings.Cut(line, ":"); len(key) >= 8 && strings.Contains(err.Error(), key) {
					t.Fatalf("the error shows a key: %v", err)
				}
			}
			return
		}
		again, err := ParseKeyring(keys.String())
		if err != nil || again.String() != keys.String() || len(again.IDs()) != len(keys.IDs()) {
			t.Fatalf("a keyring is not parsed as it is formatted: %v", err)
		}
	})
}

// FuzzPasswordHash: a stored hash is parsed only as it is formatted, and no hash in the
// database costs more memory or time than a sign-in may (RL-09).
func FuzzPasswordHash(f *testing.F) {
	salt, tag := make([]byte, saltBytes), make([]byte, tagBytes)
	for _, cost := range []Cost{DefaultCost, {64 * 1024, 3, 4}, {1 << 31, 1, 1}, {64, 1 << 31, 1}, {64, 1, 255}, {}} {
		f.Add(phc(cost, salt, tag))
	}
	good := phc(DefaultCost, salt, tag)
	for _, text := range []string{"", "$$$$$", strings.Replace(good, "m=", "m=+", 1), good + "\n", strings.Replace(good, "p=1", "p=1junk", 1), strings.Replace(good, "argon2id", "argon2i", 1)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cost, salt, tag, err := parsePHC(text)
		if err != nil {
			return
		}
		if phc(cost, salt, tag) != text {
			t.Fatalf("%q is parsed as %q", text, phc(cost, salt, tag))
		}
		if cost.Memory > 1<<18 || cost.Passes == 0 || uint64(max(cost.Memory, 8))*uint64(cost.Passes) > 1<<22 || cost.Lanes == 0 || cost.Lanes > 16 || len(tag) != tagBytes {
			t.Fatalf("%q costs %+v", text, cost)
		}
	})
}

// FuzzNewPassword: the check sees what is hashed, so two forms of the same password have
// the same result; an accepted one has the required length (PW-01, PW-02, PW-05).
func FuzzNewPassword(f *testing.F) {
	for _, password := range []string{
		"seven purple turtles", "passwordpassword", "123456789012345", "annannannannann", "ällännällännäll", "a\u0308llaennallaennall", strings.Repeat("e\u0301", 15),
		strings.Repeat("\U0001f600", 4), strings.Repeat("a", 300), "\xff\xfe", "",
	} {
		f.Add(password, "ann@example.org")
	}
	f.Add("ÄLLÄNN@example.org1", "ällänn@example.org")
	f.Add("a\u0308lla\u0308nna\u0308lla\u0308nna\u0308lla\u0308nn", "ällänn@example.org")
	rules := rulesOf(Policy{Name: "Acme Ünion", PasswordMin: PasswordMinSingleFactor}, time.Unix(0, 0))
	f.Fuzz(func(t *testing.T, password, address string) {
		email, err := ParseEmail(address)
		if err != nil {
			return
		}
		result := rules.checkNewPassword(password, email)
		problemOnly(t, result)
		if same := rules.checkNewPassword(norm.NFC.String(password), email); fmt.Sprint(same) != fmt.Sprint(result) {
			t.Fatalf("the result of %+q is %v, and in NFC %v", password, result, same)
		}
		if n := utf8.RuneCountInString(norm.NFC.String(password)); result == nil && (n < PasswordMinSingleFactor || n > PasswordMax) {
			t.Fatalf("%+q is accepted", password)
		}
	})
}
