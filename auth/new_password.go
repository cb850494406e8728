package auth

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// checkNewPassword decides whether a password may be set. It checks the length in
// code points (PW-01 to PW-03), then whether the password is common (PW-06),
// derived from the account (PW-08) or known from a breach (PW-07). There are no
// composition rules (PW-04; N 3.1.1.2).
//
// It checks the normalised form that is hashed (PW-05), because another form of
// the same password would not be found in the lists.
func (r *Rules) checkNewPassword(password string, email Email) error {
	password = norm.NFC.String(password)
	n := utf8.RuneCountInString(password)
	switch {
	case password == "":
		return &Problem{Reason: PasswordMissing, Field: "password"}
	case n < r.policy().PasswordMin:
		return &Problem{Reason: PasswordShort, Field: "password", Limit: r.policy().PasswordMin}
	case n > PasswordMax:
		return &Problem{Reason: PasswordLong, Field: "password", Limit: PasswordMax}
	case commonPassword(password):
		return &Problem{Reason: PasswordCommon, Field: "password"}
	case personalPassword(password, r.policy().Name, email):
		return &Problem{Reason: PasswordPersonal, Field: "password"}
	case r.policy().Breached != nil && r.policy().Breached(password):
		return &Problem{Reason: PasswordBreached, Field: "password"}
	}
	return nil
}

// personalPassword reports whether a password is little more than the product's
// name or the user's email address: without those words, fewer than five different
// letters remain. A phrase that only contains such a word passes. The usual
// look-alike characters count as letters.
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
	for _, c := range rest {
		if unicode.IsLetter(c) {
			different[c] = true
		}
	}
	return len(different) < 5
}

var lookAlikes = strings.NewReplacer("0", "o", "1", "l", "i", "l", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s")

// contextWords are the words of PW-08, longest first: the email address, its local
// part and domain, their parts, the product's name and its parts.
func contextWords(product string, email Email) []string {
	local, domain, _ := strings.Cut(email.Key, "@")
	product = strings.ToLower(product)
	all := []string{email.Key, domain, local, strings.Join(strings.Fields(product), "")}
	isBreak := func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }
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
