// Package settings defines the flags and environment variables of serve, and
// what they mean.
package settings

import (
	"net/netip"
	"net/url"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/breached"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/handlers"
)

// Flags are the flags as given. Values that may hold a secret are strings,
// parsed by [Flags.Parse]: kong would quote a value that it cannot parse.
type Flags struct {
	datadir.Flags
	Listen            string        `env:"TWOSTEP_LISTEN" default:"127.0.0.1:8080" help:"Address to listen on; port 0 takes a free one."`
	URL               string        `env:"TWOSTEP_URL" placeholder:"ORIGIN" help:"Public origin, such as https://accounts.example.org. Without it, http://localhost and the port listened on."`
	Name              string        `env:"TWOSTEP_NAME" default:"Twostep" help:"Name on pages, in mails and in authenticator apps."`
	Accent            string        `env:"TWOSTEP_ACCENT" placeholder:"#rrggbb" help:"Colour of buttons and links. In a theme where it could not be read it is shown darker or lighter."`
	Logo              string        `env:"TWOSTEP_LOGO" placeholder:"FILE" help:"Logo beside the name, SVG or PNG, 64 KiB at most; an SVG holds no script and fetches nothing."`
	Mail              string        `env:"TWOSTEP_MAIL" default:"log:" placeholder:"WAY" help:"How mail goes: log: prints it to standard error, file:PATH appends it as lines of JSON, smtp://USER:PASSWORD@HOST:PORT and smtps://... hand it to a mail server."`
	MailFrom          string        `env:"TWOSTEP_MAIL_FROM" placeholder:"ADDRESS" help:"Address that mails come from. Without it, no-reply@ and the host of --url."`
	SMS               string        `env:"TWOSTEP_SMS" default:"log:" placeholder:"WAY" help:"How SMS goes: log:, file:PATH, webhook:URL posts them signed to a program of yours, twilio://SID:TOKEN@HOST?from=NUMBER sends them by the API of Twilio and others."`
	Factors           string        `env:"TWOSTEP_FACTORS" default:"totp,sms,backup_code" help:"Second factors that are switched on, separated by commas: totp, sms, backup_code."`
	RequireMFA        bool          `name:"require-mfa" env:"TWOSTEP_REQUIRE_MFA" help:"Everybody must set up a second factor."`
	Reverify          string        `env:"TWOSTEP_REVERIFY" default:"strict" enum:"strict_mfa,strict,moderate,lax" help:"What must be proved anew before sensitive changes: strict_mfa (both factors within 10 minutes), strict (the second within 10 minutes), moderate (within an hour) or lax (within a day)."`
	SignUp            string        `env:"TWOSTEP_SIGN_UP" default:"open" enum:"open,closed" help:"Whether strangers may make an account: open or closed."`
	SessionLifetime   time.Duration `env:"TWOSTEP_SESSION_LIFETIME" default:"24h" help:"Longest session, however busy; at most 24h."`
	SessionIdle       time.Duration `env:"TWOSTEP_SESSION_IDLE" default:"1h" help:"Silence that ends a session; at most 1h."`
	CodeLifetime      time.Duration `env:"TWOSTEP_CODE_LIFETIME" default:"10m" help:"How long a code by SMS or mail is good; 1m to 10m."`
	PasswordMin       string        `env:"TWOSTEP_PASSWORD_MIN" placeholder:"15" help:"Shortest password, in characters; 15 to 64, or with --require-mfa 8 to 64 (then the default is 8)."`
	BreachedPasswords string        `env:"TWOSTEP_BREACHED_PASSWORDS" placeholder:"FILE" help:"List of passwords known from breaches: SHA-1 hashes in hexadecimal, one a line, sorted by hash."`
	ActivityKept      time.Duration `env:"TWOSTEP_ACTIVITY_KEPT" default:"8760h" help:"How long the history of an account is kept."`
	DefaultRegion     string        `env:"TWOSTEP_DEFAULT_REGION" default:"US" help:"Country of phone numbers typed without one, as ISO 3166 has it."`
	SMSBudget         int           `name:"sms-budget" env:"TWOSTEP_SMS_BUDGET" default:"1000" help:"Most SMS in a day, by everybody together."`
	SMSCountries      string        `name:"sms-countries" env:"TWOSTEP_SMS_COUNTRIES" placeholder:"US,DE,..." help:"Countries that SMS may go to, as ISO 3166 has them; all without it."`
	TrustedProxies    string        `env:"TWOSTEP_TRUSTED_PROXIES" placeholder:"CIDR,..." help:"Proxies whose X-Forwarded-For is believed, separated by commas; none without it."`
	Metrics           string        `env:"TWOSTEP_METRICS" placeholder:"ADDRESS" help:"Address on which Prometheus finds numbers at /metrics; it asks for no password, so keep it inside. None without it."`
}

// Settings are the flags, parsed and checked.
type Settings struct {
	datadir.Dir
	Listen   string
	Origin   *url.URL // nil for http://localhost and the port listened on
	Name     string
	Accent   Accent
	Logo     handlers.Asset
	Mail     Courier
	SMS      Courier
	Breached *breached.List // nil for none
	Policy   auth.Policy    // Host and Breached are left to serve
	Proxies  []netip.Prefix
	Metrics  string // address; empty for none
}

// Parse parses and checks the flags. The error is a [*cli.FlagError] about the
// first flag that is wrong.
func (f Flags) Parse() (Settings, error) {
	var err error
	s := Settings{
		Dir:      f.Flags.Parse(&err),
		Listen:   cli.Parse(&err, "--listen", f.Listen, parseListen),
		Origin:   cli.Parse(&err, "--url", f.URL, parseOrigin),
		Name:     cli.Parse(&err, "--name", f.Name, parseName),
		Accent:   cli.Parse(&err, "--accent", f.Accent, parseAccent),
		Logo:     cli.Parse(&err, "--logo", f.Logo, readLogo),
		Proxies:  cli.Parse(&err, "--trusted-proxies", f.TrustedProxies, parseProxies),
		Metrics:  cli.Parse(&err, "--metrics", f.Metrics, parseMetrics),
		Breached: cli.Parse(&err, "--breached-passwords", f.BreachedPasswords, breached.Open),
	}
	sender := cli.Parse(&err, "--mail-from", f.MailFrom, parseMailFrom(hostOf(s.Origin)))
	s.Mail = cli.Parse(&err, "--mail", f.Mail, parseMail(sender, s.Name, hostOf(s.Origin)))
	s.SMS = cli.Parse(&err, "--sms", f.SMS, parseSMS(s.Dir))
	s.Policy = auth.Policy{
		Name:              s.Name,
		Factors:           cli.Parse(&err, "--factors", f.Factors, parseFactors),
		SMSBudget:         cli.Parse(&err, "--sms-budget", f.SMSBudget, parseSMSBudget),
		SMSCountries:      cli.Parse(&err, "--sms-countries", f.SMSCountries, parseCountries),
		RequireMFA:        f.RequireMFA,
		Reauth:            auth.ReauthPresets[f.Reverify],
		ActivityRetention: cli.Parse(&err, "--activity-kept", f.ActivityKept, parseActivityRetention),
		SignUpOpen:        f.SignUp == "open",
		SessionLifetime:   cli.Parse(&err, "--session-lifetime", f.SessionLifetime, parseSessionLifetime),
		SessionIdle:       cli.Parse(&err, "--session-idle", f.SessionIdle, parseSessionIdle(f.SessionLifetime)),
		CodeLifetime:      cli.Parse(&err, "--code-lifetime", f.CodeLifetime, parseCodeLifetime),
		PasswordMin:       cli.Parse(&err, "--password-min", f.PasswordMin, parsePasswordMin(f.RequireMFA)),
		Region:            cli.Parse(&err, "--default-region", f.DefaultRegion, parseRegion),
	}
	return s, err
}
