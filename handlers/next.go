package handlers

import (
	"net/url"
	"path"
	"strings"
)

// localPath is the one place that decides where a visitor may be sent by what
// an address says: to a page of the account, and never off this site (FF-10).
// Anything else leads to the account's first page.
func localPath(next string) string {
	const home = "/account"
	if len(next) > 1000 || strings.ContainsFunc(next, func(sign rune) bool { return sign < ' ' || sign == '\\' || sign == 0x7f }) {
		return home
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return home
	}
	if p := u.Path; path.Clean(p) != p || p != home && !strings.HasPrefix(p, home+"/") {
		return home
	}
	local := url.URL{Path: u.Path, RawQuery: u.RawQuery}
	return local.String()
}
