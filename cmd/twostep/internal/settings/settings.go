// Package settings defines the flags and environment variables of serve, and
// what they mean.
package settings

import (
	"net/netip"
	"net/url"
	"time"

	"twostep/auth"
	"twostep/auth/access"
	"twostep/cmd/twostep/internal/breached"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/handlers"
	"twostep/views"
)

// Flags are the flags as given. Values that may hold a secret are strings,
// parsed by [Flags.Parse]: kong would quote a value that it cannot parse.
type Flags struct {
	datadir.Flags
	OriginFlags
	AccessFlags
	RuntimeFlags
	Name              string        `env:"TWOSTEP_NAME" default:"Twostep" help:"Name of the product on pages, in messages and in authenticator apps."`
	Accent            string        `env:"TWOSTEP_ACCENT" placeholder:"#rrggbb" help:"Colour of buttons and links. In a theme where it would be illegible, a darker or lighter shade is used."`
	Logo              string        `env:"TWOSTEP_LOGO" placeholder:"FILE" help:"Logo next to the name: SVG or PNG, at most 64 KiB. An SVG must not contain scripts or load anything."`
	Support           string        `env:"TWOSTEP_SUPPORT" placeholder:"LINK" help:"Where users get help, a mailto: or https: link. It is in the foot of pages and mail, and wherever they mention the site administrator."`
	Privacy           string        `env:"TWOSTEP_PRIVACY" placeholder:"LINK" help:"Privacy policy, a mailto: or https: link in the foot of pages and mail."`
	Terms             string        `env:"TWOSTEP_TERMS" placeholder:"LINK" help:"Terms of service, a mailto: or https: link in the foot of pages and mail."`
	Home              string        `env:"TWOSTEP_HOME" placeholder:"LINK" help:"Your own site, a mailto: or https: link in the foot of pages and mail."`
	Mail              string        `env:"TWOSTEP_MAIL" default:"log:" placeholder:"COURIER" help:"How to send email: log: prints it to standard error, file:PATH appends it as JSON lines, smtp://USER:PASSWORD@HOST:PORT and smtps://... use a mail server. Give a password by the variable, because flags appear in the process list."`
	MailFrom          string        `env:"TWOSTEP_MAIL_FROM" placeholder:"ADDRESS" help:"Sender's email address. Default: no-reply@ and the host of --url."`
	SMS               string        `env:"TWOSTEP_SMS" default:"log:" placeholder:"COURIER" help:"How to send SMS: log:, file:PATH, webhook:URL posts signed JSON to your own service, twilio://SID:TOKEN@HOST?from=NUMBER uses the API of Twilio or of a compatible provider. Give a token or secret URL by the variable, because flags appear in the process list."`
	PasskeyDomain     string        `env:"TWOSTEP_PASSKEY_DOMAIN" placeholder:"DOMAIN" help:"Domain that passkeys belong to: the host of --url or a parent domain of it. Changing it makes all passkeys useless. Default: the host of --url."`
	SessionLifetime   time.Duration `env:"TWOSTEP_SESSION_LIFETIME" default:"24h" help:"Maximum duration of a session; at most 24h."`
	SessionIdle       time.Duration `env:"TWOSTEP_SESSION_IDLE" default:"1h" help:"End a session after this long without a request; at most 1h."`
	RememberDevice    time.Duration `env:"TWOSTEP_REMEMBER_DEVICE" default:"0" help:"Let users choose that sign-in on a device skips the second step for this long; at most 720h. Default: 0, never."`
	RecoveryDelay     time.Duration `env:"TWOSTEP_RECOVERY_DELAY" default:"0" help:"Let users who have lost every second factor recover their account after this long; 24h to 720h. They are warned at all their email addresses and phone numbers, and the link in each message stops it. Default: 0, never."`
	CodeLifetime      time.Duration `env:"TWOSTEP_CODE_LIFETIME" default:"10m" help:"How long codes sent by SMS and email are valid; 1m to 10m."`
	PasswordMin       string        `env:"TWOSTEP_PASSWORD_MIN" placeholder:"15" help:"Minimum length of passwords in characters: 15 to 64, or 8 to 64 with --require-mfa. Default: 15, or 8."`
	BreachedPasswords string        `env:"TWOSTEP_BREACHED_PASSWORDS" placeholder:"FILE" help:"List of breached passwords to reject: SHA-1 hashes in upper-case hexadecimal, one per line, sorted."`
	ActivityRetention time.Duration `env:"TWOSTEP_ACTIVITY_RETENTION" default:"8760h" help:"How long the activity of accounts is kept; at least 24h."`
	DefaultRegion     string        `env:"TWOSTEP_DEFAULT_REGION" default:"US" help:"Country of phone numbers entered without a country code (ISO 3166)."`
	SMSBudget         int           `name:"sms-budget" env:"TWOSTEP_SMS_BUDGET" default:"1000" help:"Maximum number of SMS per day, for all users together."`
	SMSCountries      string        `name:"sms-countries" env:"TWOSTEP_SMS_COUNTRIES" placeholder:"US,DE,..." help:"Countries that SMS may be sent to (ISO 3166). Default: all."`
	TrustedProxies    string        `env:"TWOSTEP_TRUSTED_PROXIES" placeholder:"CIDR,..." help:"Networks of proxies whose X-Forwarded-For is trusted, separated by commas. Default: none."`
	AdminNetworks     string        `env:"TWOSTEP_ADMIN_NETWORKS" placeholder:"CIDR,..." help:"Networks where the administration pages exist, separated by commas. Default: everywhere."`
	AdminApproval     bool          `name:"admin-approval" env:"TWOSTEP_ADMIN_APPROVAL" help:"Require the approval of a second administrator to remove second factors, delete an account or download the list of accounts. For accounts with a role it is always required."`
	ForwardAuth       string        `env:"TWOSTEP_FORWARD_AUTH" placeholder:"ADDRESS" help:"Address where proxies ask whether a request may pass to an app, at /forward-auth. Only this machine and --trusted-proxies may ask. Default: off."`
	Metrics           string        `env:"TWOSTEP_METRICS" placeholder:"ADDRESS" help:"Address to serve Prometheus metrics on, at /metrics. They need no password, so keep the address private. Default: off."`
}

// Settings are the flags, parsed and checked.
type Settings struct {
	Version string // of the program
	datadir.Dir
	Listen   string
	Origin   *url.URL // nil for http://localhost and the port listened on
	Name     string
	Accent   Accent
	Logo     handlers.Asset
	Links    views.Links
	Mail     Courier
	SMS      Courier
	Breached *breached.List // nil for none
	Policy   auth.Policy    // Host and Breached are left to serve
	Proxies  []netip.Prefix
	Admins   []netip.Prefix
	Metrics  string // address; empty for none

	ForwardAuth string // address; empty for none
	AccessRules string // path
	Access      *access.Rules
}

// Parse parses and checks the flags. The error is a [*cli.FlagError] about the
// first flag that is wrong.
func (f Flags) Parse() (Settings, error) {
	dir, err := f.Dir()
	s := Settings{
		Dir:    dir,
		Listen: cli.Parse(&err, "--listen", f.Listen, parseListen),
		Origin: cli.Parse(&err, "--url", f.URL, parseOrigin),
		Name:   cli.Parse(&err, "--name", f.Name, parseName),
		Accent: cli.Parse(&err, "--accent", f.Accent, parseAccent),
		Logo:   cli.Parse(&err, "--logo", f.Logo, readLogo),
		Links: views.Links{
			Support: cli.Parse(&err, "--support", f.Support, parseLink),
			Privacy: cli.Parse(&err, "--privacy", f.Privacy, parseLink),
			Terms:   cli.Parse(&err, "--terms", f.Terms, parseLink),
			Home:    cli.Parse(&err, "--home", f.Home, parseLink),
		},
		Proxies: cli.Parse(&err, "--trusted-proxies", f.TrustedProxies, parseProxies),
		Admins:  cli.Parse(&err, "--admin-networks", f.AdminNetworks, parseProxies),
		Metrics: cli.Parse(&err, "--metrics", f.Metrics, parseInternal),

		ForwardAuth: cli.Parse(&err, "--forward-auth", f.ForwardAuth, parseForwardAuth(f.AccessRules)),
		AccessRules: f.AccessRules,
		Breached:    cli.Parse(&err, "--breached-passwords", f.BreachedPasswords, breached.Open),
	}
	s.Access = cli.Parse(&err, "--access-rules", f.AccessRules, func(path string) (*access.Rules, error) {
		return ReadAccessRules(path, s.Origin)
	})
	sender := cli.Parse(&err, "--mail-from", f.MailFrom, parseMailFrom(hostOf(s.Origin)))
	s.Mail = cli.Parse(&err, "--mail", f.Mail, parseMail(sender, s.Name, hostOf(s.Origin)))
	s.SMS = cli.Parse(&err, "--sms", f.SMS, parseSMS(s.Dir))
	s.Policy = auth.Policy{
		Name:              s.Name,
		SMSBudget:         cli.Parse(&err, "--sms-budget", f.SMSBudget, parseSMSBudget),
		SMSCountries:      cli.Parse(&err, "--sms-countries", f.SMSCountries, parseCountries),
		ActivityRetention: cli.Parse(&err, "--activity-retention", f.ActivityRetention, parseActivityRetention),
		SessionLifetime:   cli.Parse(&err, "--session-lifetime", f.SessionLifetime, parseSessionLifetime),
		SessionIdle:       cli.Parse(&err, "--session-idle", f.SessionIdle, parseSessionIdle(f.SessionLifetime)),
		RememberDevice:    cli.Parse(&err, "--remember-device", f.RememberDevice, parseRememberDevice),
		RecoveryDelay:     cli.Parse(&err, "--recovery-delay", f.RecoveryDelay, parseRecoveryDelay),
		CodeLifetime:      cli.Parse(&err, "--code-lifetime", f.CodeLifetime, parseCodeLifetime),
		PasswordMin:       cli.Parse(&err, "--password-min", f.PasswordMin, parsePasswordMin(f.RequireMFA)),
		AdminApproval:     f.AdminApproval,
		Region:            cli.Parse(&err, "--default-region", f.DefaultRegion, parseRegion),
	}
	s.Policy.PasskeyDomain = cli.Parse(&err, "--passkey-domain", f.PasskeyDomain, parsePasskeyDomain(s.Origin))
	f.RuntimeFlags.put(&err, &s.Policy)
	return s, err
}
