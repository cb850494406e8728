package auth

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// PW-06: passwords that attackers guess first and their simple derivatives are
// refused; a long phrase is accepted whatever words it contains.
func TestCommonPassword(t *testing.T) {
	tests := []struct {
		name     string
		password string
		want     bool
	}{
		{"listed, long", "manchesterunited", true},
		{"listed, eight characters", "password", true},
		{"listed, in other case", "ManchesterUnited", true},
		{"listed, without a pattern", "Iloveyou", true},
		{"listed, sorted before the comment", "!QAZ2wsx", true},

		{"one character repeated", "aaaaaaaaaaaaaaa", true},
		{"one character of several bytes repeated", strings.Repeat("é", 15), true},
		{"a short unit repeated", "abcabcabcabcabc", true},
		{"a short unit twice", "x7#wqvx7#wqv", true},
		{"a longer unit twice", "x7#wqvpx7#wqvp", false},
		{"a short unit cut off", "x7#x7#x7#x7#x7#x", true},
		{"a word repeated", "passwordpassword", true},
		{"a word repeated, cut off", "passwordpasswordpa", true},
		{"a word repeated, cut off the first time", "PasswordPasswor", true},
		{"a word repeated with a character between", "sunshine-sunshine", true},
		{"a word with digits, repeated", "letmein99letmein99", true},
		{"a word repeated, then digits", "passwordpassword2024", true},
		{"a long unit that is no word, repeated", "turquoise lamp, turquoise lamp", false},

		{"digits up", "123456789012345", true},
		{"digits down, wrapping", "321098765432109", true},
		{"the alphabet", "abcdefghijklmnop", true},
		{"the alphabet, wrapping", "tuvwxyzabcdefgh", true},
		{"digits up, wrapping soon", "901234567890123", true},
		{"the alphabet, wrapping soon", "yzabcdefghijklm", true},
		{"the alphabet down", "zyxwvutsrqponml", true},
		{"rows of the keyboard", "qwertyuiopasdfghjkl", true},
		{"columns of the keyboard", "1qaz2wsx3edc4rfv", true},
		{"columns down and up", "zaq12wsxcde34rfv", true},
		{"columns down and up with shift", "zaq!@wsxcde34rfv", true},
		{"columns with shift", "!QAZ@WSX3edc4rfv", true},
		{"doubled digits", "112233445566778", true},
		{"runs of several kinds", "abc123qweasdzxc", true},
		{"runs of several kinds, the last cut off", "123456789abcdqw", true},
		{"letters that follow other signs", "#no$op%pq&qr'rs", false},
		{"a walk, then digits", "asdfghjkl99!2024", true},
		{"digits without order", "830274619583027", false},

		{"a word, then digits", "password1234567", true},
		{"a word, then digits and punctuation", "welcome!!!2024!!", true},
		{"a word, then spaces and digits", "Welcome 2024 2025", true},
		{"a word after digits", "123456password", true},
		{"a word between punctuation", "***(dragon)***!!", true},
		{"a word that ends in digits, then punctuation", "abc123!!!!!!!!!", true},
		{"a word that ends in digits, after punctuation", "!!!!!!!!account1", true},
		{"a word that begins with punctuation, between others", "24-8-%%passwo-24", true},
		{"a word of four letters, then digits", "love83027461958", true},
		{"four letters that repeat, then digits", "xqxq83027461958", true},
		{"a word that ends in digits, then others", "agent007-2024-99", true},
		{"a word that begins with a digit, after others", "2024-99-0o9i8u7y", true},
		{"a word with look-alikes, then digits", "P@ssw0rd20242025", true},
		{"three letters are not a word", "cat83027461958302", false},

		{"a phrase that holds a common word", "my password is a purple walrus", false},
		{"a phrase of random words", "correct horse battery staple", false},
		{"the same without spaces", "correcthorsebatterystaple", false},
		{"a word, then more than digits", "password of the lighthouse", false},
		{"a long rare word", "counterrevolutionaries", false},
		{"a phrase in another script", "лошадь скрепка батарея", false},
		{"a phrase without letters of an alphabet", "正しい馬の電池の針はどこにありますか", false},
		{"generated", "vK9#tqLw2@ZrX7mD", false},
		{"generated, eight signs", "tR4-wq9Z", false},
		{"a hexadecimal key", "9f86d081884c7d659a2feaa0c55ad015", false},
		{"not UTF-8", "\xff\xfe\xfdlighthouse\xff", false},
		{"empty", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := commonPassword(test.password); got != test.want {
				t.Errorf("commonPassword(%q) = %v, want %v", test.password, got, test.want)
			}
		})
	}
}

// PW-06: the list is what ASVS 6.2.4 asks for, and in the order and the form
// that the binary search relies on.
func TestCommonPasswordsList(t *testing.T) {
	comment, text, _ := strings.Cut(commonPasswordsFile, "\n")
	if !strings.HasPrefix(comment, "# ") {
		t.Errorf("the first line names no source: %q", comment)
	}
	if len(commonPasswordsFile) >= 250_000 {
		t.Errorf("the list has grown to %d bytes", len(commonPasswordsFile))
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	long := 0
	for i, line := range lines {
		n := utf8.RuneCountInString(line)
		if n >= 15 {
			long++
		}
		if n < commonWordMin || strings.ToLower(line) != line || strings.TrimSpace(line) != line {
			t.Errorf("line %d is not in the expected form: %q", i+2, line)
		}
		if i > 0 && lines[i-1] >= line {
			t.Errorf("line %d, %q, is out of order or repeated", i+2, line)
		}
		if !commonListed(line) {
			t.Errorf("line %d, %q, is not found", i+2, line)
		}
	}
	if long < 3000 {
		t.Errorf("%d entries have 15 code points or more, want 3,000", long)
	}
	for _, absent := range []string{"", "\n", lines[0] + "\n" + lines[1], comment, "~~~~", "zzzzzzzzzzzzzz~"} {
		if commonListed(absent) {
			t.Errorf("%q is found", absent)
		}
	}
	if !slices.Contains(lines, "password") {
		t.Error("the list lacks the most common password")
	}
}

// PW-06: the check is cheap at the maximum length; these are the worst inputs for each
// rule.
func BenchmarkCommonPassword(b *testing.B) {
	for name, password := range map[string]string{
		"phrase":  strings.Repeat("a purple walrus ate ", 12) + "my hat",
		"filler":  "k" + strings.Repeat("7", 255),
		"filling": strings.Repeat("7", 128) + "k" + strings.Repeat("!", 127),
		"borders": strings.Repeat("a", 127) + "b" + strings.Repeat("a", 128),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				commonPassword(password)
			}
		})
	}
}
