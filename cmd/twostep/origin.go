package main

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// publicOrigin reads the address at which people reach the site. It is the
// base of every link, and never the Host header, which anybody can send. It
// answers nil for an empty text.
func publicOrigin(given string) (*url.URL, error) {
	if given == "" {
		return nil, nil
	}
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("give an origin with http:// or https://, such as https://accounts.example.org")
	}
	if u.User != nil || strings.Trim(u.Path, "/") != "" || strings.ContainsAny(given, "?#") {
		return nil, errors.New("give an origin alone: no user, path, query or fragment")
	}
	host := strings.ToLower(u.Hostname())
	if !isHost(host) {
		return nil, errors.New("the host is neither an IP address nor a name in letters, digits, hyphens and dots (give another script as punycode)")
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Host[len(u.Host)-1] == ':' || u.Port() != "" && (err != nil || port == 0) {
		return nil, errors.New("the port is not a number from 1 to 65535")
	}
	return origin(u.Scheme, host, u.Port()), nil
}

// localOrigin is the origin for somebody who sits at the machine that listens.
func localOrigin(listening net.Addr) *url.URL {
	_, port, _ := net.SplitHostPort(listening.String())
	return origin("http", "localhost", port)
}

// origin writes an origin as browsers do, without the port that its scheme implies.
func origin(scheme, host, port string) *url.URL {
	u := &url.URL{Scheme: scheme, Host: host}
	if strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	if port != "" && !(scheme == "http" && port == "80") && !(scheme == "https" && port == "443") {
		u.Host += ":" + port
	}
	return u
}

// inTheClear reports whether passwords would cross a network unencrypted.
func inTheClear(u *url.URL) bool {
	host := u.Hostname()
	address, err := netip.ParseAddr(host)
	local := host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && address.IsLoopback()
	return u.Scheme == "http" && !local
}
