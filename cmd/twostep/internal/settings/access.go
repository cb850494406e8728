package settings

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"

	"twostep/auth/access"
)

// accessRulesMax bounds what is read if the flag names the wrong file.
const accessRulesMax = 1 << 20 // bytes

// AccessFlags name the rules of forward auth.
type AccessFlags struct {
	AccessRules string `env:"TWOSTEP_ACCESS_RULES" placeholder:"FILE" help:"Rules for --forward-auth: what each app demands of its users. Read at start and on SIGHUP."`
}

// ReadAccessRules reads a rule file. An app cannot have the host of the site itself, whose
// pages must open before anybody is signed in.
func ReadAccessRules(path string, site *url.URL) (*access.Rules, error) {
	if path == "" {
		return nil, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > accessRulesMax {
		return nil, fmt.Errorf("%s is larger than 1 MiB", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rules, err := access.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if site != nil && slices.Contains(rules.Hosts(), site.Host) {
		return nil, fmt.Errorf("%s: %s is the host of --url, which no rule can protect", path, site.Host)
	}
	return rules, nil
}

func parseForwardAuth(rules string) func(string) (string, error) {
	return func(value string) (string, error) {
		if value != "" && rules == "" {
			return "", errors.New("give --access-rules, too: without a rule every request is denied")
		}
		return parseInternal(value)
	}
}
