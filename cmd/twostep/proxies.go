package main

import (
	"fmt"
	"net/netip"
	"strings"
)

// trustedProxies reads networks and single addresses, separated by commas.
func trustedProxies(given string) ([]netip.Prefix, error) {
	if strings.TrimSpace(given) == "" {
		return nil, nil
	}
	var proxies []netip.Prefix
	for part := range strings.SplitSeq(given, ",") {
		part = strings.TrimSpace(part)
		if address, err := netip.ParseAddr(part); err == nil && address.Zone() == "" {
			address = address.Unmap()
			proxies = append(proxies, netip.PrefixFrom(address, address.BitLen()))
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
