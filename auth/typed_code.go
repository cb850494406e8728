package auth

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// cleanCode returns the code in what a user typed or pasted. It removes what is added
// when a code is copied: spaces, punctuation, upper case, and invisible characters of
// a web page. Digits of any script and full-width letters are read, because keyboards
// produce them. If the text is a sentence with one code in it, that is the code.
func cleanCode(typed string) string {
	plain := strings.Map(plainCharacter, norm.NFKC.String(typed))
	code := strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || unicode.IsPunct(c) || unicode.IsSymbol(c) {
			return -1
		}
		return c
	}, plain)
	if len(code) == SentCodeDigits || len(code) == BackupCodeLength && strings.Trim(code, backupAlphabet) == "" {
		return code
	}
	found := ""
	for _, match := range codeInText.FindAllStringSubmatch(plain, -1) {
		next := strings.NewReplacer("-", "", " ", "").Replace(match[1] + match[2])
		if found != "" && found != next {
			return code
		}
		found = next
	}
	if found != "" {
		return found
	}
	return code
}

// codeInText matches a sent code or a backup code between other words. A backup code
// there has its hyphens or no separators: four words of four letters are not one.
var codeInText = regexp.MustCompile(`\b(?:(\d{3}[ -]?\d{3})|([2-9a-hjkmnp-z]{16}|[2-9a-hjkmnp-z]{4}(?:-[2-9a-hjkmnp-z]{4}){3}))\b`)

// plainCharacter returns a character in lower case, or in ASCII if it is a digit, a
// space or a hyphen, and -1 if it is invisible.
func plainCharacter(c rune) rune {
	switch {
	case unicode.IsSpace(c):
		return ' '
	case unicode.Is(unicode.Pd, c):
		return '-'
	case isInvisible(c):
		return -1
	case unicode.Is(unicode.Nd, c):
		return '0' + digitValue(c)
	}
	return unicode.ToLower(c)
}

// digitValue is the value of a decimal digit. In every script the ten digits follow
// one another, so each range of them begins with a zero. The ranges are in order.
func digitValue(c rune) rune {
	for _, r := range unicode.Nd.R16 {
		if c <= rune(r.Hi) {
			return (c - rune(r.Lo)) % 10
		}
	}
	for _, r := range unicode.Nd.R32 {
		if c <= rune(r.Hi) {
			return (c - rune(r.Lo)) % 10
		}
	}
	return 0
}
