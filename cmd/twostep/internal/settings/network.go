package settings

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// hostName matches a DNS name. The last label begins with a letter, because
// digits and dots are an IP address and must be a valid one.
var hostName = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

func isHost(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || len(host) <= 253 && hostName.MatchString(host)
}

// parseListen parses HOST:PORT. An empty host is every address of the machine.
func parseListen(value string) (string, error) {
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		return "", fmt.Errorf("%q is not HOST:PORT, such as 127.0.0.1:8080", value)
	}
	if host != "" && !isHost(host) {
		return "", fmt.Errorf("%q is neither an IP address nor a host name", host)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q is not a port: give a number from 0 to 65535", port)
	}
	return value, nil
}

// parseInternal parses the address of a listener that is off by default.
func parseInternal(value string) (string, error) {
	if value == "" {
		return "", nil
	}
	return parseListen(value)
}

// parseProxies parses networks and IP addresses, separated by commas.
func parseProxies(value string) ([]netip.Prefix, error) {
	if strings.TrimSpace(value) == "" {
		return nil, nil
	}
	var proxies []netip.Prefix
	for part := range strings.SplitSeq(value, ",") {
		part = strings.TrimSpace(part)
		if ip, err := netip.ParseAddr(part); err == nil && ip.Zone() == "" {
			ip = ip.Unmap()
			proxies = append(proxies, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(part)
		if err != nil || network.Addr().Is4In6() {
			return nil, fmt.Errorf("%q is neither a network, such as 10.0.0.0/8, nor an IP address", part)
		}
		proxies = append(proxies, network.Masked())
	}
	return proxies, nil
}
