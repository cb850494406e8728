package oidc

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"twostep/auth"
)

// CheckURI returns an [Explanation] if a redirect URI, or one to return to after signing
// out, cannot be registered for this kind of app (OI-03). http is possible only to the
// device itself, where nothing crosses a network.
func CheckURI(kind AppKind, uri string) error {
	scheme, _, _ := strings.Cut(uri, ":")
	u, err := url.Parse(uri)
	switch {
	case len(uri) > auth.AppURIMax:
		return explain(uri, "is too long")
	case strings.ContainsFunc(uri, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("\"<>\\^`{|}", c) }):
		return explain(uri, "has a space or another character that a URI must not contain; write it percent-encoded")
	case err != nil || u.Scheme == "":
		return explain(uri, "is not an absolute URI, such as https://app.example.org/callback")
	case strings.Contains(uri, "#"):
		return explain(uri, "must not have a fragment (#)")
	case u.User != nil:
		return explain(uri, "must not have a user name or password")
	case strings.Contains(uri, "*"):
		return explain(uri, "must not have a wildcard: register each URI")
	case scheme != u.Scheme:
		return explain(uri, "must have its scheme in lower case, as apps send it")
	case u.Scheme == "https" && u.Hostname() != "":
		return checkPort(uri, u)
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return checkPort(uri, u)
	case u.Scheme == "https":
		return explain(uri, "has no host")
	case u.Scheme == "http":
		return explain(uri, "must use https; http is possible only on this device, as http://127.0.0.1, http://[::1] or http://localhost")
	case !strings.Contains(u.Scheme, "."):
		return explain(uri, "must use https or, in a native app, a scheme with a dot made of a domain of yours, such as com.example.app:/callback")
	case kind != Native:
		return explain(uri, "has a private scheme, which is for apps of the kind native only")
	case u.Opaque != "":
		return explain(uri, "has no path: write "+u.Scheme+":/callback")
	}
	return nil
}

func explain(uri, reason string) error {
	return Explanation(strconv.Quote(uri) + " " + reason)
}

func checkPort(uri string, u *url.URL) error {
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if strings.HasSuffix(u.Host, ":") || u.Port() != "" && (err != nil || port == 0) {
		return explain(uri, "has a port that is not a number from 1 to 65535")
	}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// mayRedirectTo reports whether the app may be redirected to: a registered URI equals it as
// a string, without any normalization (OI-01). Of a native app's loopback URI only the
// port may differ, because the system assigns it (OI-02, 8252 section 7.3).
func (a App) mayRedirectTo(uri string) bool {
	if slices.Contains(a.RedirectURIs, uri) {
		return true
	}
	portless, ok := withoutLoopbackPort(uri)
	return ok && a.Kind == Native && slices.ContainsFunc(a.RedirectURIs, func(registered string) bool {
		other, ok := withoutLoopbackPort(registered)
		return ok && other == portless
	})
}

// withoutLoopbackPort removes the port of an http URI to a loopback IP address.
func withoutLoopbackPort(uri string) (portless string, ok bool) {
	for _, origin := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, found := strings.CutPrefix(uri, origin)
		if !found {
			continue
		}
		end := strings.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		port, rest := rest[:end], rest[end:]
		if port == "" {
			return uri, true
		}
		digits, ok := strings.CutPrefix(port, ":")
		n, _ := strconv.ParseUint(digits, 10, 16)
		return origin + rest, ok && n > 0 && strconv.FormatUint(n, 10) == digits
	}
	return "", false
}

// Host returns what a page calls the target of a redirect: the host, or the scheme of a
// native app.
func Host(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	if u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return u.Scheme
	}
	host, _, err := net.SplitHostPort(u.Host)
	if err != nil {
		return u.Host
	}
	return host
}

// FormTarget returns the source of the Content-Security-Policy directive form-action
// that allows a redirect to a URI: its origin, or its private scheme. It is empty for an
// IPv6 address, which that directive cannot name.
func FormTarget(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || strings.HasPrefix(u.Host, "[") {
		return ""
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}
