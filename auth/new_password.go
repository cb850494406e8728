package auth

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// checkNewPassword decides whether a password may be set: its length in code
// points (PW-01 to PW-03), then the common ones (PW-06), then those made of
// what everybody knows about the account (PW-08), then those of known breaches
// (PW-07). There are no rules about which signs it must hold, and none is
// coming (PW-04; N 3.1.1.2).
//
// It judges the form that is hashed (PW-05), or another spelling of the same
// password would get past the lists.
func (r *Rules) checkNewPassword(password string, email Email) error {
	password = norm.NFC.String(password)
	n := utf8.RuneCountInString(password)
	switch {
	case password == "":
		return &Problem{Reason: PasswordMissing, Field: "password"}
	case n < r.policy.PasswordMin:
		return &Problem{Reason: PasswordShort, Field: "password", Limit: r.policy.PasswordMin}
	case n > PasswordMax:
		return &Problem{Reason: PasswordLong, Field: "password", Limit: PasswordMax}
	case commonPassword(password):
		return &Problem{Reason: PasswordCommon, Field: "password"}
	case personalPassword(password, r.policy.Name, email):
		return &Problem{Reason: PasswordPersonal, Field: "password"}
	case r.policy.Breached != nil && r.policy.Breached(password):
		return &Problem{Reason: PasswordBreached, Field: "password"}
	}
	return nil
}

// personalPassword reports whether a password is little more than the
// product's name or the person's address: with those words taken out, fewer
// than five different letters remain. A phrase that merely holds such a word
// passes. The usual look-alike digits are read as letters first.
func personalPassword(password, product string, email Email) bool {
	rest := lookAlikes.Replace(strings.ToLower(password))
	found := false
	for _, word := range contextWords(product, email) {
		if strings.Contains(rest, word) {
			rest, found = strings.ReplaceAll(rest, word, ""), true
		}
	}
	if !found {
		return false
	}
	different := map[rune]bool{}
	for _, sign := range rest {
		if unicode.IsLetter(sign) {
			different[sign] = true
		}
	}
	return len(different) < 5
}

var lookAlikes = strings.NewReplacer("0", "o", "1", "l", "i", "l", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s")

// contextWords are the documented words of PW-08, the longest first: the whole
// address, its two sides, their parts, the product's name and its parts.
func contextWords(product string, email Email) []string {
	local, domain, _ := strings.Cut(email.Key, "@")
	product = strings.ToLower(product)
	all := []string{email.Key, domain, local, strings.Join(strings.Fields(product), "")}
	isBreak := func(sign rune) bool { return !unicode.IsLetter(sign) && !unicode.IsDigit(sign) }
	all = append(all, strings.FieldsFunc(local+" "+domain+" "+product, isBreak)...)
	words := all[:0]
	for _, word := range all {
		if word = lookAlikes.Replace(word); utf8.RuneCountInString(word) >= 3 {
			words = append(words, word)
		}
	}
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}
