package handlers

import (
	"maps"
	"net/http"
	"strings"
)

// contentPolicy allows stylesheets, images and form targets of this origin. Only
// pages that ask for passkeys have a script, see allowPasskeys (CS-05).
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

// withHeaders sets the headers of every response (CS-04 to CS-09). It wraps the
// router, so that error pages and static files have them too. Responses share
// the header values: handlers may replace them, but must not modify them.
func (s *site) withHeaders(next http.Handler) http.Handler {
	common := http.Header{}
	common.Set("Content-Security-Policy", contentPolicy)
	common.Set("X-Content-Type-Options", "nosniff")
	common.Set("Referrer-Policy", "same-origin") // with no-referrer, browsers would post forms with a null origin (CS-07)
	common.Set("Cross-Origin-Opener-Policy", "same-origin")
	common.Set("Cross-Origin-Resource-Policy", "same-origin")
	common.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "+
		"publickey-credentials-create=(), publickey-credentials-get=()")
	if s.URL.Scheme == "https" {
		common.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	pages := common.Clone()
	pages.Set("Cache-Control", "no-store") // the next user of the browser must not see them (CS-08)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/") {
			maps.Copy(w.Header(), common)
		} else {
			maps.Copy(w.Header(), pages)
		}
		next.ServeHTTP(w, r)
	})
}

// allowPasskeys sets the headers of a page that asks for passkeys. Its script is a file of
// this origin, and cannot turn text into code (PK-21).
func allowPasskeys(header http.Header) {
	header.Set("Content-Security-Policy", contentPolicy+"; script-src 'self'; trusted-types 'none'; require-trusted-types-for 'script'")
	header.Set("Permissions-Policy", strings.NewReplacer(
		"create=()", "create=(self)", "get=()", "get=(self)",
	).Replace(header.Get("Permissions-Policy")))
}
