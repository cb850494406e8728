package courier

import (
	"errors"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// The ports of a server that takes mail from its users (RFC 8314 section 7).
const (
	portStartTLS    = 587
	portImplicitTLS = 465
)

// ParseSMTP reads smtp:// or smtps://USER:PASSWORD@HOST:PORT; From and Site are
// left to be filled in. Its error never repeats what was given. Only a server
// on this machine that asks for no password is spoken to in the clear.
func ParseSMTP(given string) (*SMTP, error) {
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Opaque != "" {
		return nil, errors.New("write smtp://USER:PASSWORD@HOST:PORT or smtps://…, with signs other than letters and digits percent-encoded in user and password")
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("after the host and the port of the mail server nothing follows; / ? # in a password are written %2F %3F %23")
	}
	host, port, err := hostOf(u)
	if err != nil {
		return nil, err
	}
	s := &SMTP{Host: host, Port: port, User: u.User.Username(), Timeout: Timeout}
	s.Password, _ = u.User.Password()
	if (s.User == "") != (s.Password == "") || u.User != nil && s.User == "" {
		return nil, errors.New("before the @ stand both the user and the password, as USER:PASSWORD, or neither and no @")
	}
	switch {
	case u.Scheme == "smtps":
		s.Encryption = ImplicitTLS
	case s.User == "" && loopback(host):
		s.Encryption = Plain
	}
	if s.Port == 0 && s.Encryption == ImplicitTLS {
		s.Port = portImplicitTLS
	} else if s.Port == 0 {
		s.Port = portStartTLS
	}
	return s, nil
}

// ParseSender reads the address that mails come from. It is ASCII, so that it
// is welcome at every server; a domain in another script becomes what DNS has.
func ParseSender(given string) (string, error) {
	problem := errors.New("give an address alone, such as no-reply@example.org")
	local, domain, found := strings.Cut(given, "@")
	if !found || !isASCII(local) {
		return "", problem
	}
	if domain, err := idna.Lookup.ToASCII(domain); err == nil && domain != "" && onlyAddress(local+"@"+domain) {
		return local + "@" + domain, nil
	}
	return "", problem
}

// DefaultSender returns the sender address of a site that configures none.
func DefaultSender(site string) string { return "no-reply@" + mailDomain(site) }

// mailDomain writes a host as SMTP has it, where IP addresses stand in brackets
// (RFC 5321 section 4.1.3).
func mailDomain(host string) string {
	address, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return host
	case address.Is4():
		return "[" + host + "]"
	}
	return "[IPv6:" + host + "]"
}

// recipient reads an address as it stands on an envelope, its domain as DNS has
// it. Nothing but one bare address passes: no second one, no name, no line
// break behind which a command or a header of somebody else's could follow.
func recipient(to string) (string, error) {
	at := strings.LastIndexByte(to, '@')
	if at > 0 {
		domain, err := idna.Lookup.ToASCII(to[at+1:])
		if address := to[:at] + "@" + domain; err == nil && domain != "" && onlyAddress(address) {
			return address, nil
		}
	}
	return "", errors.New("the recipient is not an address for mail")
}

func onlyAddress(text string) bool {
	parsed, err := netmail.ParseAddress(text)
	return err == nil && parsed.Name == "" && parsed.Address == text && !strings.ContainsAny(text, " \"<>(),:;\\\r\n") && len(text) <= 254
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(sign rune) bool { return sign > 126 || sign < 32 })
}
