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
// The key (FF-06) is Unicode NFC, with the domain in lower-case punycode and the ASCII
// letters of the local part in lower case too: no provider gives Ann@ and ann@ to two
// people, and many phones capitalise the first letter. Other letters stay as they are,
// because their case mapping depends on the language: İ@ and i̇@ may be two people.
// Messages go to the address as typed.
type Email struct {
	Typed string // without surrounding white space
	Key   string // unique in the store; limits are counted by it
}

// Domain returns the domain in lower-case punycode.
func (e Email) Domain() string { return e.Key[strings.LastIndexByte(e.Key, '@')+1:] }

// Mailbox returns the key without the tag that many providers ignore, as in
// ann+shop@example.org. Limits of mails count by it: with tags, one mailbox would have
// any number of them. Accounts do not: with other providers it may be another user's.
func (e Email) Mailbox() string {
	at := strings.LastIndexByte(e.Key, '@')
	if plus := strings.IndexByte(e.Key[:at], '+'); plus > 0 {
		return e.Key[:plus] + e.Key[at:]
	}
	return e.Key
}

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
	email := Email{Typed: s, Key: strings.Map(lowerASCII, s[:at]) + "@" + domain}
	return email, nil
}

func lowerASCII(c rune) rune {
	if c >= 'A' && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// isInvisible reports whether a character is invisible or changes how others are
// displayed: two addresses that look the same would be two accounts.
func isInvisible(c rune) bool {
	return unicode.IsControl(c) || unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, c) || unicode.Is(unicode.Variation_Selector, c)
}
