package doctor

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/cmd/twostep/internal/settings"
)

const dialTimeout = 5 * time.Second

// url checks how users reach the site.
func (r *report) url(context.Context) {
	const check = "url"
	switch {
	case r.Origin == nil:
		r.warn(check, "--url is not given: links and SMS name localhost, which only works on this machine")
	case r.Origin.Scheme == "https":
		r.ok(check, "%s; cookies are Secure and bound to the host", r.Origin)
	case settings.Unencrypted(r.Origin):
		r.fail(check, "%s: passwords and codes cross the network unencrypted; use https", r.Origin.Redacted())
	default:
		r.warn(check, "%s only works on this machine", r.Origin)
	}
}

// passkeyDomain checks whether browsers offer passkeys at the site, and whether the
// accounts' passkeys were made for its domain: browsers offer no others (PK-28).
func (r *report) passkeyDomain(context.Context) {
	const check = "passkeys"
	domain, others := r.Policy.PasskeyDomain, 0
	var made []string
	for _, other := range slices.Sorted(maps.Keys(r.passkeys)) {
		if other != domain {
			others += r.passkeys[other]
			made = append(made, other)
		}
	}
	switch {
	case others > 0 && r.Policy.Allows(auth.PasskeyPresent):
		r.warn(check, "%s of accounts cannot be used at %s: made for %s, the --url or --passkey-domain of that time", cli.Plural(others, "passkey"), domain, strings.Join(made, ", "))
	case !r.Policy.Allows(auth.PasskeyPresent):
		r.ok(check, "turned off by --factors")
	case r.Origin != nil && !settings.SupportsPasskeys(r.Origin):
		r.warn(check, "off, because browsers offer them only at https:// and a host name")
	case !r.Policy.Allows(auth.BackupCode):
		r.warn(check, "for %s; without backup_code in --factors, users who lose their passkey need you", domain)
	default:
		r.ok(check, "%s for %s", cli.Plural(r.passkeys[domain], "passkey"), domain)
	}
}

// signUp checks who can create an account on a site that others can reach.
func (r *report) signUp(context.Context) {
	const check = "sign-up"
	switch domains := r.Policy.SignUpDomains; {
	case !r.Policy.SignUpOpen:
		r.ok(check, "only operators create accounts")
	case len(domains) > 0:
		r.ok(check, "for email addresses of %s", strings.Join(domains, ", "))
	case r.Origin != nil && r.Origin.Scheme == "https":
		r.warn(check, "anyone who can reach %s can create an account: --sign-up=closed or a list of domains prevents that", r.Origin)
	default:
		r.ok(check, "anyone can create an account")
	}
}

// proxies checks whether rate limits by IP address apply to clients, or to the
// proxy in front and so to all clients together.
func (r *report) proxies(context.Context) {
	const check = "proxies"
	host, _, _ := net.SplitHostPort(r.Listen)
	ip, err := netip.ParseAddr(host)
	local := host == "localhost" || err == nil && ip.IsLoopback()
	https := r.Origin != nil && r.Origin.Scheme == "https"
	switch {
	case len(r.Proxies) > 0:
		r.ok(check, "X-Forwarded-For is trusted from %s", r.flags.TrustedProxies)
	case local && https:
		r.warn(check, "a proxy on this machine must provide https for %s, but --trusted-proxies does not name it: all users seem to have its IP address; give --trusted-proxies=127.0.0.1,::1", r.Origin)
	case https:
		r.warn(check, "this program serves http, so a proxy must provide https for %s: name it with --trusted-proxies", r.Origin)
	default:
		r.ok(check, "none is expected, and X-Forwarded-For is ignored")
	}
}

// forwardAuth checks who may ask for forward auth. The rules were read with the settings.
func (r *report) forwardAuth(context.Context) {
	const check = "forward auth"
	host, _, _ := net.SplitHostPort(r.ForwardAuth)
	ip, err := netip.ParseAddr(host)
	switch {
	case r.Access == nil:
	case r.ForwardAuth == "":
		r.warn(check, "--access-rules is given, but without --forward-auth no proxy can ask")
	case host != "localhost" && (err != nil || !ip.IsLoopback()) && len(r.Proxies) == 0:
		r.warn(check, "it listens on %s, but only this machine may ask: name the proxies with --trusted-proxies", r.ForwardAuth)
	default:
		r.ok(check, "%s for %s", cli.Plural(len(r.Access.All()), "rule"), strings.Join(r.Access.Hosts(), ", "))
	}
}

func (r *report) mail(ctx context.Context) { r.courier(ctx, "mail", r.Mail) }

func (r *report) sms(ctx context.Context) { r.courier(ctx, "sms", r.SMS) }

// courier checks that the file of a courier can be written, or that its provider
// accepts a connection. It sends the provider nothing, so a wrong password is
// not detected.
func (r *report) courier(ctx context.Context, check string, c settings.Courier) {
	switch {
	case c.Prints():
		r.warn(check, "messages, and so codes, are only printed to standard error")
	case c.Provider == "":
		if err := checkWritable(c.Path); err != nil {
			r.fail(check, "cannot write to %s: %v", c.Path, err)
			return
		}
		r.ok(check, "messages are written to %s", c.Path)
	default:
		if err := dial(ctx, c.Provider); err != nil {
			r.fail(check, "%s: %v", c.Scheme, err)
			return
		}
		r.ok(check, "%s: %s accepts connections; nothing was sent", c.Scheme, c.Provider)
	}
}

// checkWritable returns an error if a file can be neither written nor created.
func checkWritable(path string) error {
	const writeAccess = 2 // of access(2)
	err := syscall.Access(path, writeAccess)
	if errors.Is(err, os.ErrNotExist) {
		return datadir.CheckWritable(filepath.Dir(path))
	}
	return err
}

func dial(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
