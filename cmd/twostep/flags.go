package main

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"

	"twostep/auth"
	"twostep/handlers"
)

// flags is all that an operator can decide, as it was given. What may hold a
// secret is text here and read by settings, which never repeats it: kong does
// so with a variable that it cannot read.
type flags struct {
	place
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

// settings is what the flags mean, checked.
type settings struct {
	places
	first    bool // this start is the first on a PostgreSQL database, and draws its keys
	listen   string
	origin   *url.URL // nil for http://localhost and the port listened on
	name     string
	accent   accent
	logo     handlers.Asset
	mail     way
	sms      way
	breached *breachedList // nil for none
	policy   auth.Policy   // without what depends on the port listened on
	proxies  []netip.Prefix
	metrics  string // address; empty for none
}

// settings reads the flags, or answers the first *badFlag.
func (f flags) settings() (settings, error) {
	var bad error
	s := settings{
		places:   f.place.read(&bad),
		listen:   read(&bad, "--listen", f.Listen, listenAddress),
		origin:   read(&bad, "--url", f.URL, publicOrigin),
		name:     read(&bad, "--name", f.Name, productName),
		accent:   read(&bad, "--accent", f.Accent, accentColour),
		logo:     read(&bad, "--logo", f.Logo, logoFile),
		proxies:  read(&bad, "--trusted-proxies", f.TrustedProxies, trustedProxies),
		metrics:  read(&bad, "--metrics", f.Metrics, metricsAddress),
		breached: read(&bad, "--breached-passwords", f.BreachedPasswords, openBreached),
	}
	sender := read(&bad, "--mail-from", f.MailFrom, mailSender(siteHost(s.origin)))
	s.mail = read(&bad, "--mail", f.Mail, mailWay(sender, s.name, siteHost(s.origin)))
	s.sms = read(&bad, "--sms", f.SMS, smsWay(s.places))
	s.policy = auth.Policy{
		Name:              s.name,
		Factors:           read(&bad, "--factors", f.Factors, factors),
		SMSBudget:         read(&bad, "--sms-budget", f.SMSBudget, smsBudget),
		SMSCountries:      read(&bad, "--sms-countries", f.SMSCountries, countries),
		RequireMFA:        f.RequireMFA,
		Reauth:            auth.ReauthPresets[f.Reverify],
		ActivityRetention: read(&bad, "--activity-kept", f.ActivityKept, activityKept),
		SignUpOpen:        f.SignUp == "open",
		SessionLifetime:   read(&bad, "--session-lifetime", f.SessionLifetime, sessionLifetime),
		SessionIdle:       read(&bad, "--session-idle", f.SessionIdle, sessionIdle(f.SessionLifetime)),
		CodeLifetime:      read(&bad, "--code-lifetime", f.CodeLifetime, codeLifetime),
		PasswordMin:       read(&bad, "--password-min", f.PasswordMin, passwordMin(f.RequireMFA)),
		Region:            read(&bad, "--default-region", f.DefaultRegion, region),
	}
	return s, bad
}

// read turns what was given for a flag into what it means. The first value
// that cannot be read is the answer, so the later ones are not looked at.
func read[Given, Meant any](bad *error, flag string, given Given, as func(Given) (Meant, error)) Meant {
	var meant Meant
	if *bad != nil {
		return meant
	}
	meant, err := as(given)
	if err != nil {
		*bad = &badFlag{flag, err}
	}
	return meant
}

// A badFlag is a value that stops the start. It may have come from the
// environment as well, so both names are told.
type badFlag struct {
	flag string
	err  error
}

func (b *badFlag) Error() string {
	variable := "TWOSTEP_" + strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(b.flag, "--"), "-", "_"))
	return fmt.Sprintf("%s (%s): %v", b.flag, variable, b.err)
}

func (b *badFlag) Unwrap() error { return b.err }

// oneLine writes an error so that it takes one line, whatever it quotes.
func oneLine(err error) string {
	return strings.Map(func(sign rune) rune {
		if unicode.IsControl(sign) {
			return ' '
		}
		return sign
	}, err.Error())
}
