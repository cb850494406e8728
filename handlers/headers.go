package handlers

import (
	"net/http"
	"strings"
)

// contentPolicy opens what the pages need, which is a stylesheet and icons of
// this origin, and forms that stay here. There is no script to allow (CS-05).
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

// withHeaders sets what every response carries, also a 404 and a static file
// (CS-04 to CS-09). It stands outside the router, so that nothing escapes it.
func (s *site) withHeaders(next http.Handler) http.Handler {
	https := s.URL.Scheme == "https"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin") // no-referrer would make browsers post forms with a null origin (CS-07)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if https {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		if !strings.HasPrefix(r.URL.Path, "/static/") {
			h.Set("Cache-Control", "no-store") // pages hold what the next person at this browser must not see (CS-08)
		}
		next.ServeHTTP(w, r)
	})
}
