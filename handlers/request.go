package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"twostep/auth"
	"twostep/views"
)

// A request is the context of one request: the cookie, the session it refers to,
// the posted form and the problem, if the form was refused.
type request struct {
	echo.Context
	site          *site
	rules         *auth.Rules
	log           *requestLog
	cookie        cookie
	session       auth.Session  // zero unless signed in
	form          url.Values    // of a POST; query parameters are never mixed in
	outdated      *auth.Problem // the form is of this site, but not for the session or attempt of now
	problem       *auth.Problem
	status        int           // of the page
	cachedFactors *auth.Factors // read with the session; nil after a change
	passkeys      bool          // whether the page asks for passkeys, which needs a script
	refresh       string        // value of the page's Refresh header; empty for none
}

// newRequest reads the cookie and the form, and finds the session together with
// its account's factors: one query, or none without a cookie.
func (s *site) newRequest(c echo.Context) (*request, error) {
	r := &request{
		Context: c, site: s, rules: s.rules, log: logOf(c), cookie: s.cookies.read(c.Request()), status: http.StatusOK,
	}
	posted := c.Request().Method == http.MethodPost
	find := s.rules.SessionAndFactors
	if c.Path() == idlePath && !posted {
		find = s.rules.PeekSession
	}
	session, factors, err := find(r.ctx(), r.cookie.Session)
	switch {
	case err == nil:
		r.session, r.cachedFactors = session, &factors
		r.log.user = string(session.User)
	case !errors.Is(err, auth.ErrNotFound):
		return nil, err
	}
	if posted && isAdminPath(c.Request().URL.Path) { // also a forged form has the response of a page that does not exist (OP-01)
		if err := r.requireRole(auth.RoleViewer); err != nil {
			return nil, err
		}
	}
	if posted {
		return r, r.readForm()
	}
	return r, nil
}

func (r *request) ctx() context.Context { return r.Request().Context() }

func (r *request) path() string { return r.Request().URL.Path }

func (r *request) signedIn() bool { return r.session.ID != "" }

// factors returns the account's factors, read once per request.
func (r *request) factors() (auth.Factors, error) {
	if r.cachedFactors == nil {
		factors, err := r.rules.Factors(r.ctx(), r.session.User)
		if err != nil {
			return factors, err
		}
		r.cachedFactors = &factors
	}
	return *r.cachedFactors, nil
}

// client describes the client to the rules.
func (r *request) client() auth.Client {
	ip, _ := netip.ParseAddr(r.log.ip)
	return auth.Client{
		IP: ip.Unmap(), UserAgent: r.Request().UserAgent(), Remember: r.form.Has("remember"),
		DeviceToken: r.site.cookies.deviceToken(r.Request()), FormToken: cmp.Or(r.cookie.Session, r.cookie.Attempt),
	}
}

// page returns what every page contains. The notice moves from the cookie to
// the page, so it is shown once.
func (r *request) page() views.Page {
	p := views.Page{
		Product: r.site.Name, Host: r.site.URL.Host, URL: r.Request().URL.RequestURI(), Token: r.formToken(),
		Problem: r.problem, Notice: r.cookie.Notice, Now: r.rules.Now(), Account: r.session.Email, Branding: r.site.branding(), Passkeys: r.passkeys,
		Role: r.role(),
	}
	r.cookie.Notice = ""
	if r.signedIn() {
		r.refresh = r.idleRefresh()
		factors, err := r.factors()
		p.Restricted = err == nil && r.rules.Task(r.session, factors) != auth.NoTask
		p.MFADay = r.rules.MFANotice(r.session.MFA, factors)
	}
	return p
}

// codePage returns the page context of a page that asks for a code. While its delivery
// is delayed, the page reloads if mayReload is set. A reload clears the form, so
// the code must be its only field. Reloads stop when the code expires, so they
// extend a session by minutes at most.
func (r *request) codePage(code *auth.SentCode, mayReload bool) views.Page {
	if code == nil {
		return r.page()
	}
	status := code.Delivery.Status()
	onTime := status == auth.DeliveryPending || status == auth.DeliverySent
	if !onTime && r.cookie.Notice == views.NoticeCodeSent {
		r.cookie.Notice = "" // the page shows the delivery's own status
	}
	p := r.page()
	if status == auth.DeliveryDelayed && mayReload && r.problem == nil {
		p.AutoRefresh = true
		r.refresh = strconv.Itoa(int(views.RefreshInterval/time.Second)) + "; url=" + r.Request().URL.RequestURI()
	}
	return p
}

// show is one of the two exits: it renders the page, saves the cookie and writes
// the response. The page is buffered, so an error cannot leave half a page.
func (r *request) show(page templ.Component) error {
	buffer := templ.GetBuffer()
	defer templ.ReleaseBuffer(buffer)
	if err := page.Render(r.ctx(), buffer); err != nil {
		return err
	}
	if r.form == nil && r.typed() != nil {
		r.cookie.Typed = ""
	}
	if err := r.site.cookies.save(r.Response(), r.cookie); err != nil {
		return err
	}
	header := r.Response().Header()
	if r.problem != nil && r.problem.Wait > 0 {
		seconds := strconv.Itoa(int((r.problem.Wait + time.Second - 1) / time.Second))
		header.Set("Retry-After", seconds)
		if views.RefreshesAfterWait(r.problem) {
			r.refresh = seconds + "; url=" + r.Request().URL.RequestURI()
		}
	}
	if r.passkeys {
		allowPasskeys(header)
	}
	if r.refresh != "" {
		header.Set("Refresh", r.refresh)
	}
	header.Set("Content-Length", strconv.Itoa(buffer.Len())) // otherwise the page is sent in chunks
	return r.HTMLBlob(r.status, buffer.Bytes())
}

// redirect is the other exit. The status is 303, so a reload after a POST does
// not post again.
func (r *request) redirect(path string) error {
	return r.redirectStatus(http.StatusSeeOther, path)
}

func (r *request) redirectStatus(status int, path string) error {
	if err := r.site.cookies.save(r.Response(), r.cookie); err != nil {
		return err
	}
	return r.Redirect(status, path)
}
