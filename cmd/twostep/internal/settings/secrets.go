package settings

import (
	"net/url"
	"slices"
	"strings"

	"twostep/cmd/twostep/internal/cli"
)

// Exposed returns the flags on the command line whose values hold a secret. Every
// user of the machine can read them there. It expects values that [Flags.Parse]
// has accepted.
func (f Flags) Exposed(given cli.Given) (flags []string) {
	for _, flag := range []struct {
		name   string
		secret bool
	}{
		{"database", holdsPassword(f.Database)},
		{"keys", f.Keys != "" && !strings.HasPrefix(f.Keys, "file:")},
		{"mail", holdsPassword(f.Mail)},
		{"sms", holdsPassword(f.SMS) || strings.HasPrefix(f.SMS, "webhook:")}, // the URL of a receiver is often a secret
	} {
		if flag.secret && slices.Contains(given, flag.name) {
			flags = append(flags, flag.name)
		}
	}
	return flags
}

func holdsPassword(value string) bool {
	u, err := url.Parse(value)
	if err != nil {
		return true
	}
	_, inUser := u.User.Password()
	return inUser || u.Query().Has("password")
}
