package handlers

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"twostep/auth"
	"twostep/auth/access"
	"twostep/views"
)

// handoverPath is the page of the public origin that leads a signed-in browser back to an
// app.
const handoverPath = "/account/handover"

// handoverURL is that page for a target. The page is kept while the user signs in, so a
// target that is too long for that is replaced.
func handoverURL(method, target, instead string, begin auth.Token) string {
	path := handoverPath + "?begin=" + begin.Hash()
	if returnsTo(method, target) != target {
		path += "&method=" + url.QueryEscape(method)
	}
	if full := path + "&target=" + url.QueryEscape(target); localPath(full) == full {
		return full
	}
	return path + "&target=" + url.QueryEscape(instead)
}

// returnsTo is where a browser continues that has met what a request demands. The body of
// a POST is lost, so it continues on the app's first page.
func returnsTo(method, target string) string {
	if method == http.MethodGet || method == http.MethodHead {
		return target
	}
	return "/"
}

// A handover is a request to lead the browser back to an app.
type handover struct {
	beginHash string
	target    string // path and query
	decision  access.Decision
}

// handover reads the request's parameters. Only hosts in the rules are possible (FA-11).
func (r *request) handover() (handover, error) {
	h := handover{beginHash: r.QueryParam("begin")}
	rest, ok := strings.CutPrefix(r.QueryParam("target"), r.site.URL.Scheme+"://")
	host, uri, found := strings.Cut(rest, "/")
	if !ok || !found || r.site.Access == nil || !isToken(h.beginHash) {
		return h, auth.ErrNotFound
	}
	method, asked := cmp.Or(r.QueryParam("method"), http.MethodGet), escapeURI("/"+uri)
	h.target = returnsTo(method, asked)
	h.decision = r.site.Access().Decide(access.Request{Method: method, Scheme: r.site.URL.Scheme, Host: host, URI: asked})
	if h.decision.Host == "" {
		return h, auth.ErrNotFound
	}
	return h, nil
}

// mayUse reports whether the rules let the account use the app.
func (r *request) mayUse(h handover) (bool, error) {
	identity, err := r.rules.Identity(r.ctx(), r.session)
	return err == nil && h.decision.Includes(identity.EmailKey, identity.Groups), err
}

// handingOver is signedIn with what the app demands (FA-15). A demand for a second factor
// leads accounts without one to its set-up (FA-16).
func handingOver(r *request) (string, error) {
	h, err := r.handover()
	if err != nil {
		return "", err
	}
	if redirect, err := r.requireSession(); redirect != "" || err != nil {
		return redirect, err
	}
	may, err := r.mayUse(h)
	if err != nil || !may { // then the page says so
		return "", err
	}
	return r.requireDemand(demandOf(h.decision.Demand, r.rules.Now()))
}

// showHandover leaves for the app. A redirect would be blocked by form-action if the user
// has just signed in with a form, so the page loads the app.
func showHandover(r *request) error {
	h, err := r.handover()
	if err != nil {
		return err
	}
	page := views.HandoverPage{Host: h.decision.Host}
	may, err := r.mayUse(h)
	if err != nil {
		return err
	}
	if !may {
		r.status, r.log.reason = http.StatusForbidden, reasonNoAccess
		page.Page = r.page()
		return r.show(views.NoAccess(page))
	}
	code, err := r.rules.BeginHandover(r.ctx(), r.session, h.decision.Host, h.beginHash, h.target)
	if err != nil {
		return err
	}
	page.Page = r.page()
	page.Next = r.site.URL.Scheme + "://" + h.decision.Host + callbackPath + "?code=" + url.QueryEscape(string(code))
	r.refresh = "0; url=" + page.Next
	return r.show(views.Handover(page))
}

// demandOf returns what a session must have verified for a rule's demand.
func demandOf(d access.Demand, now time.Time) (demand auth.Demand) {
	if d.Level == access.TwoFactor {
		demand.Level = auth.TwoFactors
	}
	if d.Within > 0 {
		demand.NotBefore = now.Add(-d.Within)
	}
	return demand
}
