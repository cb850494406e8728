package handlers

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

const (
	accountPath = "/account"
	signInPage  = "/sign-in"
)

// signInPath is the sign-in page that redirects to a page of the account afterwards.
func signInPath(next string) string {
	if next == "" {
		return signInPage
	}
	return signInPage + "?next=" + url.QueryEscape(next)
}

// localPath validates a redirect target that comes from the client. It returns a
// page of the account or of administration, and /account for any other address, so no link can redirect
// users to another site (FF-10).
func localPath(next string) string {
	const home, lengthMax = accountPath, 2000
	if len(next) > lengthMax || strings.ContainsFunc(next, func(c rune) bool { return c < ' ' || c == '\\' || c == 0x7f }) {
		return home
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return home
	}
	if p := u.Path; path.Clean(p) != p || p != home && !strings.HasPrefix(p, home+"/") && !isAdminPath(p) {
		return home
	}
	local := (&url.URL{Path: u.Path, RawQuery: escapeQuery(u.RawQuery)}).String()
	if len(local) > lengthMax { // escaping made it longer, and the result must be accepted here again
		return home
	}
	return local
}

// escapeQuery escapes what RFC 3986 section 3.4 does not allow in a query, and
// leaves existing escapes as they are.
func escapeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c > '~' || strings.IndexByte("\"<>^`{|}#", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// escapeURI escapes what must not be in a path or query.
func escapeURI(uri string) string { return strings.ReplaceAll(escapeQuery(uri), `\`, "%5C") }
