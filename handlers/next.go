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

// localPath validates a redirect target that comes from the client. It returns a page of the
// account or of administration, and /account for any other address, so no link can redirect
// users to another site (FF-10).
func localPath(next string) string {
	const home, lengthMax = accountPath, 2000
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" {
		return home
	}
	if p := u.Path; path.Clean(p) != p || p != home && !strings.HasPrefix(p, home+"/") && !isAdminPath(p) {
		return home
	}
	local := (&url.URL{Path: u.Path, RawQuery: escapeURI(u.RawQuery)}).String()
	if len(local) > lengthMax {
		return home
	}
	return local
}

// escapeURI escapes what RFC 3986 sections 3.3 and 3.4 do not allow in a path or query, and
// leaves existing escapes as they are.
func escapeURI(uri string) string {
	var b strings.Builder
	for i := range len(uri) {
		if c := uri[i]; c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}#", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
