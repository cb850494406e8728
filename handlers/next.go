package handlers

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// localPath is the one place that decides where a visitor may be sent by what
// an address says: to a page of the account, and never off this site (FF-10).
// Anything else leads to the account's first page.
func localPath(next string) string {
	const home, most = "/account", 1000
	if len(next) > most || strings.ContainsFunc(next, func(sign rune) bool { return sign < ' ' || sign == '\\' || sign == 0x7f }) {
		return home
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return home
	}
	if p := u.Path; path.Clean(p) != p || p != home && !strings.HasPrefix(p, home+"/") {
		return home
	}
	local := (&url.URL{Path: u.Path, RawQuery: escapeQuery(u.RawQuery)}).String()
	if len(local) > most { // escapes take more room: it would not be read again
		return home
	}
	return local
}

// escapeQuery escapes what may not stand in a query (RFC 3986 section 3.4), and
// leaves what is escaped.
func escapeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if sign := query[i]; sign <= ' ' || sign > '~' || strings.IndexByte("\"<>^`{|}#", sign) >= 0 {
			fmt.Fprintf(&b, "%%%02X", sign)
		} else {
			b.WriteByte(sign)
		}
	}
	return b.String()
}
