package settings

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"twostep/cmd/twostep/internal/cli"
)

// OriginFlags determine the public origin.
type OriginFlags struct {
	Listen string `env:"TWOSTEP_LISTEN" default:"127.0.0.1:8080" help:"Address to listen on; port 0 selects a free one."`
	URL    string `env:"TWOSTEP_URL" placeholder:"ORIGIN" help:"Public origin, such as https://accounts.example.org. Default: http://localhost and the port of --listen."`
}

// Origin returns the public origin for a command that does not listen.
func (f OriginFlags) Origin() (*url.URL, error) {
	var err error
	u := cli.Parse(&err, "--url", f.URL, parseOrigin)
	if u == nil && err == nil {
		_, port, _ := net.SplitHostPort(cli.Parse(&err, "--listen", f.Listen, parseListen))
		u = origin("http", "localhost", port)
	}
	return u, err
}

// parseOrigin parses the public origin, or returns nil for an empty value. All
// links are built from it, and never from the Host header, which a client
// chooses.
func parseOrigin(value string) (*url.URL, error) {
	if value == "" {
		return nil, nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("give an origin with http:// or https://, such as https://accounts.example.org")
	}
	if u.User != nil || strings.Trim(u.Path, "/") != "" || strings.ContainsAny(value, "?#") {
		return nil, errors.New("give only an origin: no user, path, query or fragment")
	}
	host := strings.ToLower(u.Hostname())
	if !isHost(host) {
		return nil, errors.New("the host is neither an IP address nor a name of letters, digits, hyphens and dots (write other scripts as punycode)")
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Host[len(u.Host)-1] == ':' || u.Port() != "" && (err != nil || port == 0) {
		return nil, errors.New("the port is not a number from 1 to 65535")
	}
	return origin(u.Scheme, host, u.Port()), nil
}

// LocalOrigin returns the origin for a browser on this machine.
func LocalOrigin(listening net.Addr) *url.URL {
	_, port, _ := net.SplitHostPort(listening.String())
	return origin("http", "localhost", port)
}

// origin writes an origin as browsers do, without the scheme's default port.
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

// Unencrypted reports whether passwords sent to an origin would cross a network
// unencrypted.
func Unencrypted(origin *url.URL) bool {
	host := origin.Hostname()
	ip, err := netip.ParseAddr(host)
	local := host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.IsLoopback()
	return origin.Scheme == "http" && !local
}

// hostOf returns the host of an origin; nil is the origin on this machine.
func hostOf(origin *url.URL) string {
	if origin == nil {
		return "localhost"
	}
	return origin.Hostname()
}
