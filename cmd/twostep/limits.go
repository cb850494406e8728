package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"twostep/auth"
)

const (
	nameMost         = 64          // characters: more does not fit the list of an authenticator app
	codeLifetimeMin  = time.Minute // below this an SMS comes too late too often
	passwordMinMost  = 64          // a password of this length must be taken (NIST SP 800-63B-4 section 3.1.1.2)
	standardsLimited = "the most that NIST SP 800-63B-4 allows"
)

// productName reads the product's name. It is the issuer in authenticator apps,
// where a colon ends it, and the sender in mails, where a line break ends a header.
func productName(given string) (string, error) {
	switch {
	case strings.TrimSpace(given) == "":
		return "", errors.New("the name is empty")
	case strings.ContainsRune(given, utf8.RuneError):
		return "", errors.New("the name is not UTF-8")
	case strings.ContainsFunc(given, unicode.IsControl):
		return "", errors.New("the name holds a control character")
	case strings.Contains(given, ":"):
		return "", errors.New("the name holds a colon, which authenticator apps take for its end")
	case utf8.RuneCountInString(given) > nameMost:
		return "", fmt.Errorf("the name is longer than %d characters", nameMost)
	}
	return given, nil
}

func sessionLifetime(given time.Duration) (time.Duration, error) {
	switch {
	case given <= 0:
		return 0, fmt.Errorf("%s is not longer than nothing", short(given))
	case given > auth.SessionLifetimeMax:
		return 0, fmt.Errorf("%s is longer than %s, %s", short(given), short(auth.SessionLifetimeMax), standardsLimited)
	}
	return given, nil
}

func sessionIdle(lifetime time.Duration) func(time.Duration) (time.Duration, error) {
	return func(given time.Duration) (time.Duration, error) {
		switch {
		case given <= 0:
			return 0, fmt.Errorf("%s is not longer than nothing", short(given))
		case given > auth.SessionIdleMax:
			return 0, fmt.Errorf("%s is longer than %s, %s", short(given), short(auth.SessionIdleMax), standardsLimited)
		case given > lifetime:
			return 0, fmt.Errorf("%s is longer than --session-lifetime, which is %s", short(given), short(lifetime))
		}
		return given, nil
	}
}

func codeLifetime(given time.Duration) (time.Duration, error) {
	switch {
	case given < codeLifetimeMin:
		return 0, fmt.Errorf("%s is shorter than %s: codes would come too late", short(given), short(codeLifetimeMin))
	case given > auth.CodeLifetimeMax:
		return 0, fmt.Errorf("%s is longer than %s, %s", short(given), short(auth.CodeLifetimeMax), standardsLimited)
	}
	return given, nil
}

// passwordMin reads the shortest password. Where a second factor is required of
// everybody a password is never alone, and 8 characters are enough.
func passwordMin(requireMFA bool) func(string) (int, error) {
	least, why := auth.PasswordMinSingleFactor, "where a password may be the only factor"
	if requireMFA {
		least, why = auth.PasswordMinWithMFA, "with a second factor"
	}
	return func(given string) (int, error) {
		if given == "" {
			return least, nil
		}
		n, err := strconv.Atoi(given)
		switch {
		case err != nil:
			return 0, fmt.Errorf("%q is not a number of characters", given)
		case n < least:
			return 0, fmt.Errorf("%d is less than %d, the least that NIST SP 800-63B-4 allows %s", n, least, why)
		case n > passwordMinMost:
			return 0, fmt.Errorf("%d is more than %d: nobody could set a password", n, passwordMinMost)
		}
		return n, nil
	}
}

// factors reads which second factors are switched on. Backup codes alone are
// none: they come with another factor.
func factors(given string) ([]auth.FactorKind, error) {
	known := []auth.FactorKind{auth.TOTPCode, auth.PhoneCode, auth.BackupCode}
	var on []auth.FactorKind
	for word := range strings.SplitSeq(given, ",") {
		kind := auth.FactorKind(strings.TrimSpace(word))
		switch {
		case !slices.Contains(known, kind):
			return nil, fmt.Errorf("%q is not a second factor: give some of totp, sms, backup_code", word)
		case slices.Contains(on, kind):
			return nil, fmt.Errorf("%s stands twice", kind)
		}
		on = append(on, kind)
	}
	if len(on) == 1 && on[0] == auth.BackupCode {
		return nil, errors.New("backup_code alone is no second factor: add totp or sms")
	}
	return on, nil
}

func activityKept(given time.Duration) (time.Duration, error) {
	if given < 24*time.Hour {
		return 0, fmt.Errorf("%s is shorter than a day: nobody could see what happened", short(given))
	}
	return given, nil
}

func smsBudget(given int) (int, error) {
	if given < 1 {
		return 0, fmt.Errorf("%d lets no SMS go: to switch SMS off use --factors", given)
	}
	return given, nil
}

func countries(given string) ([]string, error) {
	var all []string
	for code := range strings.SplitSeq(given, ",") {
		if code = strings.TrimSpace(code); code == "" && given == "" {
			break
		}
		known, err := region(code)
		if err != nil {
			return nil, err
		}
		all = append(all, known)
	}
	return all, nil
}

func region(given string) (string, error) {
	if !phonenumbers.GetSupportedRegions()[given] || len(given) != 2 {
		return "", fmt.Errorf("%q is not a country known for its phone numbers: give two capital letters, such as US", given)
	}
	return given, nil
}

// short writes a duration without its zeros: 1h, not 1h0m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
