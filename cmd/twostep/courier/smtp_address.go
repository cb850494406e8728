package courier

import (
	"errors"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// The submission ports of RFC 8314 section 7.
const (
	portStartTLS    = 587
	portImplicitTLS = 465
)

// ParseSMTP parses smtp:// or smtps://USER:PASSWORD@HOST:PORT. The caller sets
// From and Site. Errors never repeat the input. Only a server on this machine
// without a password is used without TLS.
func ParseSMTP(given string) (*SMTP, error) {
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Opaque != "" {
		return nil, errors.New("must be smtp://USER:PASSWORD@HOST:PORT or smtps://…; percent-encode special characters in the user and password")
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("must end after the host and port; in a password write / ? # as %2F %3F %23")
	}
	host, port, err := hostPort(u)
	if err != nil {
		return nil, err
	}
	s := &SMTP{Host: host, Port: port, User: u.User.Username(), Timeout: Timeout}
	s.Password, _ = u.User.Password()
	if (s.User == "") != (s.Password == "") || u.User != nil && s.User == "" {
		return nil, errors.New("must have both a user and a password before the @, as USER:PASSWORD, or neither and no @")
	}
	switch {
	case u.Scheme == "smtps":
		s.Encryption = ImplicitTLS
	case s.User == "" && isLoopback(host):
		s.Encryption = Plain
	}
	if s.Port == 0 && s.Encryption == ImplicitTLS {
		s.Port = portImplicitTLS
	} else if s.Port == 0 {
		s.Port = portStartTLS
	}
	return s, nil
}

// ParseSender parses the sender's email address. It must be ASCII, which every
// server accepts; an internationalized domain is converted.
func ParseSender(given string) (string, error) {
	invalid := errors.New("must be an email address without a name, such as no-reply@example.org")
	local, domain, found := strings.Cut(given, "@")
	if !found || !isASCII(local) {
		return "", invalid
	}
	if domain, err := idna.Lookup.ToASCII(domain); err == nil && domain != "" && isBareAddress(local+"@"+domain) {
		return local + "@" + domain, nil
	}
	return "", invalid
}

// DefaultSender returns the sender address of a site that configures none.
func DefaultSender(site string) string { return "no-reply@" + mailDomain(site) }

// mailDomain formats a host for SMTP, with IP addresses in brackets (RFC 5321
// section 4.1.3).
func mailDomain(host string) string {
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return host
	case ip.Is4():
		return "[" + host + "]"
	}
	return "[IPv6:" + host + "]"
}

// parseRecipient returns an email address with its domain in ASCII. It accepts
// only one bare address: a second one, a display name or a line break could
// inject a recipient, an SMTP command or a header.
func parseRecipient(to string) (string, error) {
	at := strings.LastIndexByte(to, '@')
	if at > 0 {
		domain, err := idna.Lookup.ToASCII(to[at+1:])
		if address := to[:at] + "@" + domain; err == nil && domain != "" && isBareAddress(address) {
			return address, nil
		}
	}
	return "", errors.New("invalid recipient address")
}

func isBareAddress(text string) bool {
	parsed, err := netmail.ParseAddress(text)
	return err == nil && parsed.Name == "" && parsed.Address == text && !strings.ContainsAny(text, " \"<>(),:;\\\r\n") && len(text) <= 254
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > 126 || r < 32 })
}
