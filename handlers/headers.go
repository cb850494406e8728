package handlers

import (
	"maps"
	"net/http"
	"strings"
)

// contentPolicy opens what the pages need, which is a stylesheet and icons of
// this origin, and forms that stay here. There is no script to allow (CS-05).
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

// withHeaders sets what every response carries, also a 404 and a static file
// (CS-04 to CS-09). It stands outside the router, so that nothing escapes it.
// The values are shared by all responses: a handler may set others in their
// place, and changes none.
func (s *site) withHeaders(next http.Handler) http.Handler {
	always := http.Header{}
	always.Set("Content-Security-Policy", contentPolicy)
	always.Set("X-Content-Type-Options", "nosniff")
	always.Set("Referrer-Policy", "same-origin") // no-referrer would make browsers post forms with a null origin (CS-07)
	always.Set("Cross-Origin-Opener-Policy", "same-origin")
	always.Set("Cross-Origin-Resource-Policy", "same-origin")
	always.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if s.URL.Scheme == "https" {
		always.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	pages := always.Clone()
	pages.Set("Cache-Control", "no-store") // pages hold what the next person at this browser must not see (CS-08)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/") {
			maps.Copy(w.Header(), always)
		} else {
			maps.Copy(w.Header(), pages)
		}
		next.ServeHTTP(w, r)
	})
}
