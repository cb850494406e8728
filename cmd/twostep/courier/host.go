package courier

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// hostOf reads the host and the port of a provider's address; the port is 0
// where none is given. A name in another script is turned into what DNS has.
func hostOf(u *url.URL) (host string, port int, err error) {
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

// loopback reports whether what is said to a host stays on this machine, so
// that nobody on a network can listen.
func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.Unmap().IsLoopback()
}
