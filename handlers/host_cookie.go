package handlers

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"twostep/auth"
)

// cookieName is the name of an app's cookie. It is set for the app's host only: a cookie
// of the parent domain could be planted by any other host of it, and would open every
// app to each of them (SE-03, FA-13). The port is part of the name, as in newCookieJar.
func (c *check) cookieName() string {
	name := "twostep-app"
	if c.URL.Scheme == "https" {
		name = "__Host-" + name
	}
	if _, port, found := strings.Cut(c.decision.Host, ":"); found {
		name += "-" + port
	}
	return name
}

// readHostCookie returns the value of a cookie, or an empty string if it is missing,
// repeated or no token.
func readHostCookie(header http.Header, name string) auth.Token {
	cookies := (&http.Request{Header: header}).CookiesNamed(name)
	if len(cookies) != 1 || !isToken(cookies[0].Value) {
		return ""
	}
	return auth.Token(cookies[0].Value)
}

// isToken reports whether a text has the form of a token or of its hash: 256 bits.
func isToken(s string) bool {
	bits, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(bits) == 32
}

// isNavigation reports whether a browser opens a page, so that a user sees where it leads
// (FA-10). Browsers say so with Fetch metadata; others accept HTML.
func isNavigation(header http.Header, method string) bool {
	if fetch := slices.ContainsFunc([]string{"Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-User"}, func(name string) bool {
		return len(header[name]) > 0
	}); fetch {
		return slices.Equal(header["Sec-Fetch-Mode"], []string{"navigate"}) && slices.Equal(header["Sec-Fetch-Dest"], []string{"document"})
	}
	return (method == http.MethodGet || method == http.MethodHead) &&
		strings.Contains(header.Get("Accept"), "text/html") && len(header["X-Requested-With"]) == 0
}
