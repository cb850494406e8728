package auth

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// An Email is an address and the form in which addresses are compared.
//
// The one comparison rule (FF-06): Unicode NFC, the domain in lower-case
// punycode, and the part before the @ in lower case too, because nobody gives
// Ann@ and ann@ to two people, while many phones capitalise the first letter.
// Mail goes to the address as typed.
type Email struct {
	Typed string // as the person wrote it, white space around it removed
	Key   string // unique in the store; what limits are counted by
}

// ParseEmail reads an address as a person types it.
func ParseEmail(s string) (Email, error) {
	invalid := &Problem{Reason: EmailInvalid, Field: "email"}
	s = norm.NFC.String(strings.TrimSpace(s))
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > EmailMaxBytes || !utf8.ValidString(s) || strings.ContainsAny(s, "\"<>(),:;\\") || strings.ContainsFunc(s, misleads) {
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
	if len(email.Key) > EmailMaxBytes { // some letters take more bytes in lower case
		return Email{}, invalid
	}
	return email, nil
}

// misleads reports whether a sign is not seen and changes how others are.
func misleads(sign rune) bool {
	return unicode.IsControl(sign) || unicode.IsSpace(sign) || unicode.Is(unicode.Bidi_Control, sign)
}
