package courier

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// hostPort returns the host and port of a provider's URL; the port is 0 if none
// is given. Internationalized names are converted to ASCII.
func hostPort(u *url.URL) (host string, port int, err error) {
	host = u.Hostname()
	if _, err := netip.ParseAddr(host); err != nil {
		if host, err = idna.Lookup.ToASCII(host); err != nil || host == "" {
			return "", 0, errors.New("the host is neither a name nor an IP address")
		}
	}
	if u.Port() == "" && !strings.HasSuffix(u.Host, ":") {
		return host, 0, nil
	}
	number, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || number == 0 {
		return "", 0, errors.New("the port is not a number from 1 to 65535")
	}
	return host, int(number), nil
}

// isLoopback reports whether traffic to a host stays on this machine, where
// nobody on the network can read it.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}
