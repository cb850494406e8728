package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"twostep/auth"
)

// The outcomes of checks, for the log and the metrics.
const (
	outcomeAllowed        = "allowed"
	outcomePublic         = "public"
	outcomeSignIn         = "sign_in"         // a browser is sent to sign in or to verify a factor again
	outcomeUnauthorized   = "unauthorized"    // the same for a request that no user sees
	outcomeDenied         = "denied"          // by a rule, or by its list of users
	outcomeNoRule         = "no_rule"         // the host has no rules
	outcomeOtherScheme    = "other_scheme"    // http although the site has https, or the reverse
	outcomeUnreadable     = "unreadable"      // the proxy's headers are incomplete
	outcomeForeignPeer    = "foreign_peer"    // not from a proxy of ours
	outcomeHandedOver     = "handed_over"     // the browser gets a token
	outcomeHandoverFailed = "handover_failed" // the code is not for this browser, or used
	outcomeSignOut        = "sign_out"
	outcomeFault          = "fault"
)

// CheckOutcomes lists how checks end, as metrics name it.
var CheckOutcomes = []string{
	outcomeAllowed, outcomePublic, outcomeSignIn, outcomeUnauthorized, outcomeDenied,
	outcomeNoRule, outcomeOtherScheme, outcomeUnreadable, outcomeForeignPeer,
	outcomeHandedOver, outcomeHandoverFailed, outcomeSignOut, outcomeFault,
}

// An answer is the response to a proxy.
type answer struct {
	status   int
	outcome  string
	location string
	signIn   string           // URL for scripts that show a link
	identity auth.HostSession // of the user, with status 200
	text     string           // for the user, where the proxy passes it on

	cookieName string
	cookie     auth.Token // new value; empty to keep what the browser has
}

// write writes an answer. It is never cached, and has at most one cookie, none with
// status 200 (FA-18).
func (f *forwardAuth) write(w http.ResponseWriter, a answer, nginx bool) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if a.status == http.StatusOK {
		a.setIdentity(header)
	}
	if a.location != "" {
		header.Set("Location", a.location)
	}
	if a.signIn != "" {
		header.Set("Twostep-Sign-In", a.signIn)
	}
	if a.cookie != "" {
		http.SetCookie(w, &http.Cookie{
			Name: a.cookieName, Value: string(a.cookie), Path: "/",
			HttpOnly: true, Secure: f.URL.Scheme == "https", SameSite: http.SameSiteLaxMode, // Lax: handovers come from another site
		})
	}
	if a.text != "" {
		header.Set("Content-Type", "text/plain; charset=utf-8")
		header.Set("X-Content-Type-Options", "nosniff")
	}
	if nginx && a.status == http.StatusSeeOther {
		a.status = http.StatusUnauthorized
	}
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.text)) // fails only if the proxy is gone
}

// setIdentity sets all headers about the user, empty if not known: a proxy replaces with
// them what the client sent (FA-01, FA-02).
func (a answer) setIdentity(header http.Header) {
	header.Set("Remote-User", a.identity.EmailKey)
	header.Set("Remote-Email", a.identity.Email)
	header.Set("Remote-Name", a.identity.Session.Name)
	header.Set("Remote-Groups", strings.Join(a.identity.Groups, ","))
	header.Set("Remote-Id", string(a.identity.User))
}

// logPathMax bounds what a client writes into the log.
const logPathMax = 200 // bytes

// log logs a check (FA-23). A query may hold secrets of the app.
func (c *check) log(a answer) {
	log, level := c.BufferedLog, slog.LevelInfo
	if a.outcome == outcomeForeignPeer || a.outcome == outcomeUnreadable {
		log, level = c.Log, slog.LevelWarn
	}
	path, _, _ := strings.Cut(c.request.URI, "?")
	attrs := []slog.Attr{
		slog.String("decision", a.outcome), slog.String("host", cut(c.request.Host)), slog.String("path", cut(path)),
		slog.String("method", cut(c.request.Method)), slog.Int("rule", c.decision.Line), slog.Int("status", a.status),
	}
	if c.client.IP.IsValid() {
		attrs = append(attrs, slog.String("ip", c.client.IP.String()))
	}
	if c.decision.Odd != "" {
		attrs = append(attrs, slog.String("odd", c.decision.Odd))
	}
	if c.user != "" {
		attrs = append(attrs, slog.String("user", string(c.user)))
	}
	log.LogAttrs(context.WithoutCancel(c.ctx), level, "access", attrs...)
}

func cut(s string) string {
	if len(s) > logPathMax {
		s = s[:logPathMax]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
