package settings

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
	nameMax         = 64          // characters; authenticator apps show no more
	codeLifetimeMin = time.Minute // SMS often take that long
	passwordMinMax  = 64          // passwords of this length must be accepted (NIST SP 800-63B-4 section 3.1.1.2)
)

// parseName parses the product's name. It becomes the issuer in authenticator
// apps, which a colon would end, and the sender's name in mail headers, which a
// line break would end.
func parseName(name string) (string, error) {
	switch {
	case strings.TrimSpace(name) == "":
		return "", errors.New("the name is empty")
	case strings.ContainsRune(name, utf8.RuneError):
		return "", errors.New("the name is not UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", errors.New("the name contains a control character")
	case strings.Contains(name, ":"):
		return "", errors.New("the name contains a colon, which ends it in authenticator apps")
	case utf8.RuneCountInString(name) > nameMax:
		return "", fmt.Errorf("the name is longer than %d characters", nameMax)
	}
	return name, nil
}

func parseSessionLifetime(d time.Duration) (time.Duration, error) {
	return d, checkDuration(d, auth.SessionLifetimeMax)
}

// parseRememberDevice accepts zero, which is off.
func parseRememberDevice(d time.Duration) (time.Duration, error) {
	if d == 0 {
		return 0, nil
	}
	return d, checkDuration(d, auth.RememberDeviceMax)
}

// parseRecoveryDelay accepts zero, which is off.
func parseRecoveryDelay(d time.Duration) (time.Duration, error) {
	if d != 0 && (d < auth.RecoveryDelayMin || d > auth.RecoveryDelayMax) {
		return 0, fmt.Errorf("%s is not between %s and %s", auth.ShortDuration(d), auth.ShortDuration(auth.RecoveryDelayMin), auth.ShortDuration(auth.RecoveryDelayMax))
	}
	return d, nil
}

func parseSessionIdle(lifetime time.Duration) func(time.Duration) (time.Duration, error) {
	return func(d time.Duration) (time.Duration, error) {
		if err := checkDuration(d, auth.SessionIdleMax); err != nil {
			return 0, err
		}
		if d > lifetime {
			return 0, fmt.Errorf("%s is longer than --session-lifetime, which is %s", auth.ShortDuration(d), auth.ShortDuration(lifetime))
		}
		return d, nil
	}
}

func parseCodeLifetime(d time.Duration) (time.Duration, error) {
	if d < codeLifetimeMin {
		return 0, fmt.Errorf("%s is shorter than %s: an SMS may take that long", auth.ShortDuration(d), auth.ShortDuration(codeLifetimeMin))
	}
	return d, checkDuration(d, auth.CodeLifetimeMax)
}

func checkDuration(d, maximum time.Duration) error {
	switch {
	case d <= 0:
		return fmt.Errorf("%s is not positive", auth.ShortDuration(d))
	case d > maximum:
		return fmt.Errorf("%s is longer than %s, the maximum of NIST SP 800-63B-4", auth.ShortDuration(d), auth.ShortDuration(maximum))
	}
	return nil
}

// parsePasswordMin parses the minimum length of passwords. If everybody must
// have a second factor, a password is never the only one, and 8 characters are
// enough.
func parsePasswordMin(requireMFA bool) func(string) (int, error) {
	minimum, why := auth.PasswordMinSingleFactor, "if a password may be the only factor"
	if requireMFA {
		minimum, why = auth.PasswordMinWithMFA, "with a second factor"
	}
	return func(value string) (int, error) {
		if value == "" {
			return minimum, nil
		}
		n, err := strconv.Atoi(value)
		switch {
		case err != nil:
			return 0, fmt.Errorf("%q is not a number of characters", value)
		case n < minimum:
			return 0, fmt.Errorf("%d is less than %d, the minimum of NIST SP 800-63B-4 %s", n, minimum, why)
		case n > passwordMinMax:
			return 0, fmt.Errorf("%d is more than %d, a length that must be accepted", n, passwordMinMax)
		}
		return n, nil
	}
}

// parseFactors parses the list of second factors. Backup codes cannot be the
// only one: they are created together with another factor.
func parseFactors(value string) ([]auth.FactorKind, error) {
	known := []auth.FactorKind{auth.PasskeyPresent, auth.TOTPCode, auth.PhoneCode, auth.BackupCode}
	var factors []auth.FactorKind
	for name := range strings.SplitSeq(value, ",") {
		kind := auth.FactorKind(strings.TrimSpace(name))
		switch {
		case !slices.Contains(known, kind):
			return nil, fmt.Errorf("%q is not a second factor: give passkey, totp, sms or backup_code", name)
		case slices.Contains(factors, kind):
			return nil, fmt.Errorf("%s is listed twice", kind)
		}
		factors = append(factors, kind)
	}
	if len(factors) == 1 && factors[0] == auth.BackupCode {
		return nil, errors.New("backup_code cannot be the only second factor: add passkey, totp or sms")
	}
	return factors, nil
}

// Values of --sign-up other than a list of domains.
const (
	signUpOpen   = "open"
	signUpClosed = "closed"
)

// parseSignUp returns the domains that users may sign up with, none for a value
// other than a list.
func parseSignUp(value string) ([]string, error) {
	if value == signUpOpen || value == signUpClosed {
		return nil, nil
	}
	var domains []string
	for part := range strings.SplitSeq(value, ",") {
		part = strings.TrimSpace(part)
		email, err := auth.ParseEmail("x" + part)
		if err != nil || !strings.HasPrefix(part, "@") || strings.Count(part, "@") > 1 {
			return nil, fmt.Errorf("%q is neither open nor closed nor a domain: give a list such as @acme.example,@acme.test", part)
		}
		domains = append(domains, email.Domain())
	}
	return domains, nil
}

func parseActivityRetention(d time.Duration) (time.Duration, error) {
	if d < 24*time.Hour {
		return 0, fmt.Errorf("%s is shorter than 24h", auth.ShortDuration(d))
	}
	return d, nil
}

func parseSMSBudget(n int) (int, error) {
	if n < 1 {
		return 0, fmt.Errorf("%d allows no SMS: use --factors to disable SMS", n)
	}
	return n, nil
}

func parseCountries(value string) ([]string, error) {
	if value == "" {
		return nil, nil
	}
	var countries []string
	for code := range strings.SplitSeq(value, ",") {
		country, err := parseRegion(strings.TrimSpace(code))
		if err != nil {
			return nil, err
		}
		countries = append(countries, country)
	}
	return countries, nil
}

func parseRegion(code string) (string, error) {
	if !phonenumbers.GetSupportedRegions()[code] || len(code) != 2 {
		return "", fmt.Errorf("%q is not a country with known phone numbers: give two capital letters, such as US", code)
	}
	return code, nil
}
