package settings

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// parsePasskeyDomain returns a parser of the domain that passkeys belong to, which must be
// the origin's host or a parent domain of it: browsers accept no other.
func parsePasskeyDomain(origin *url.URL) func(string) (string, error) {
	return func(value string) (string, error) {
		host := hostOf(origin)
		if value == "" {
			return host, nil
		}
		domain := strings.ToLower(value)
		_, err := netip.ParseAddr(host)
		if domain != host && (err == nil || !strings.Contains(domain, ".") || !strings.HasSuffix(host, "."+domain)) {
			return "", errors.New("give the host of --url, or a parent domain of it")
		}
		return domain, nil
	}
}

// SupportsPasskeys reports whether browsers offer passkeys at an origin: over HTTPS or at
// localhost, and not at an IP address.
func SupportsPasskeys(origin *url.URL) bool {
	_, err := netip.ParseAddr(origin.Hostname())
	return err != nil && (origin.Scheme == "https" || origin.Hostname() == "localhost")
}
