package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"twostep/static"
)

// favicon leads browsers to the icon that ask for it without reading a page.
func (s *site) favicon(c echo.Context) error {
	to := s.Logo.URL
	if to == "" {
		to = static.URL("icon.png")
	}
	return c.Redirect(http.StatusFound, to)
}

// robots asks search engines to stay away.
func (s *site) robots(c echo.Context) error {
	return c.String(http.StatusOK, "User-agent: *\nDisallow: /\n")
}

// canonicalURL returns the URL of the page whose path was typed in capitals or with a
// slash at its end, and an empty string if there is no such page.
func canonicalURL(r *http.Request) string {
	path := strings.ToLower(strings.TrimRight(r.URL.Path, "/"))
	isPage := func(row route) bool { return row.page != nil && samePath(row.path, path) }
	if r.Method != http.MethodGet && r.Method != http.MethodHead || path == r.URL.Path || !slices.ContainsFunc(routes, isPage) {
		return ""
	}
	return (&url.URL{Path: path, RawQuery: r.URL.RawQuery}).String()
}

// samePath reports whether a path is one of a route, whose ":id" is any segment.
func samePath(route, path string) bool {
	want, got := strings.Split(route, "/"), strings.Split(path, "/")
	for i := range want {
		if len(want) != len(got) || want[i] != got[i] && !strings.HasPrefix(want[i], ":") {
			return false
		}
	}
	return true
}
