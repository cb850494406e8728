package auth

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// An Email is an email address and the key by which addresses are compared.
//
// The key (FF-06) is Unicode NFC, with the domain in lower-case punycode and the
// local part in lower case too: no provider gives Ann@ and ann@ to two people, and
// many phones capitalise the first letter. Messages go to the address as typed.
type Email struct {
	Typed string // without surrounding white space
	Key   string // unique in the store; limits are counted by it
}

// Domain returns the domain in lower-case punycode.
func (e Email) Domain() string { return e.Key[strings.LastIndexByte(e.Key, '@')+1:] }

// ParseEmail parses an email address as a user types it.
func ParseEmail(s string) (Email, error) {
	invalid := &Problem{Reason: EmailInvalid, Field: "email"}
	s = norm.NFC.String(strings.TrimSpace(s))
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > EmailMaxBytes || !utf8.ValidString(s) || strings.ContainsAny(s, "\"<>(),:;\\") || strings.ContainsFunc(s, isInvisible) {
		return Email{}, invalid
	}
	domain, err := idna.Lookup.ToASCII(s[at+1:])
	if err != nil || domain == "" {
		return Email{}, invalid
	}
	ascii := s[:at] + "@" + domain
	if parsed, err := mail.ParseAddress(ascii); err != nil || parsed.Address != ascii || len(ascii) > EmailMaxBytes {
		return Email{}, invalid
	}
	email := Email{Typed: s, Key: norm.NFC.String(strings.ToLower(s[:at])) + "@" + domain}
	if len(email.Key) > EmailMaxBytes { // some letters have more bytes in lower case
		return Email{}, invalid
	}
	return email, nil
}

// isInvisible reports whether a character is invisible or changes how others are
// displayed.
func isInvisible(c rune) bool {
	return unicode.IsControl(c) || unicode.IsSpace(c) || unicode.Is(unicode.Bidi_Control, c)
}
