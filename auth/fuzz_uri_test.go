package auth

import (
	"encoding/base32"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzURI: for any product and account, a strict parser reads the issuer, the account and
// the key from the URI, and nothing else (TO-08).
func FuzzURI(f *testing.F) {
	f.Add("Acme", "ann@example.org", []byte("12345678901234567890"))
	f.Add("A&secret=AAAA#x?y/%zz+ü", "a:b %3A@example.org", []byte{0})
	f.Add("::", " \t", []byte(nil))
	f.Add("Acme\xff", "\xc3(", []byte("x"))
	f.Fuzz(func(t *testing.T, issuer, account string, secret []byte) {
		plain := func(s string) string {
			return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, ""), ":", ""))
		}
		uri := TOTPEnrolment{Secret: secret}.URI(issuer, account)
		got, err := parseKeyURI(uri)
		if err != nil {
			t.Fatalf("%q: %v", uri, err)
		}
		if want := (keyURI{plain(issuer), plain(account), secret}); got.issuer != want.issuer || got.account != want.account || string(got.secret) != string(want.secret) {
			t.Fatalf("%q is parsed as %q, want %q", uri, got, want)
		}
	})
}

type keyURI struct {
	issuer, account string
	secret          []byte
}

// parseKeyURI is a strict parser of RFC 3986 and the Key URI format: each character is
// unreserved or an upper-case escape, the label has one colon, and no parameter is
// repeated.
func parseKeyURI(uri string) (got keyURI, err error) {
	parts := regexp.MustCompile(`^otpauth://totp/((?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*):((?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*)\?([^#]*)$`).FindStringSubmatch(uri)
	if parts == nil {
		return got, errors.New("not a Key URI")
	}
	parameters := map[string]string{}
	for _, pair := range strings.Split(parts[3], "&") {
		m := regexp.MustCompile(`^([a-z]+)=((?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*)$`).FindStringSubmatch(pair)
		if m == nil || parameters[m[1]] != "" {
			return got, fmt.Errorf("parameter %q", pair)
		}
		parameters[m[1]] = m[2]
	}
	texts := []string{parts[1], parts[2], parameters["issuer"]}
	for i, text := range texts {
		var plain []byte
		for ; text != ""; text = text[1:] {
			c := text[0]
			if c == '%' {
				if _, err := fmt.Sscanf(text[1:3], "%02X", &c); err != nil {
					return got, err
				}
				text = text[2:]
			}
			plain = append(plain, c)
		}
		if texts[i] = string(plain); !utf8.Valid(plain) || strings.Contains(texts[i], ":") {
			return got, fmt.Errorf("%q in the label or issuer", plain)
		}
	}
	if texts[0] != texts[2] || len(parameters) != 2 {
		return got, fmt.Errorf("parameters %q", parameters)
	}
	got.issuer, got.account = texts[0], strings.TrimLeft(texts[1], " ") // the format allows leading spaces
	got.secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(parameters["secret"])
	return got, err
}
