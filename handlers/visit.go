package handlers

import (
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

// A visit is one request: the cookie it came with, the session that stands
// behind it, the form it posts and the problem that came of it.
type visit struct {
	echo.Context
	site    *site
	entry   *entry
	cookie  cookie
	session auth.Session  // zero when nobody is signed in
	form    url.Values    // of a POST; the query is never mixed in
	problem *auth.Problem // of a refused POST
	had     *auth.Factors // as read with the session; nil once they have changed
	refresh string        // seconds, and where a page leads that nobody touches; empty for one that stays
}

// visit reads the cookie and looks the session up, with what its account has:
// one query, and none for a visitor without one.
func (s *site) visit(c echo.Context) (*visit, error) {
	v := &visit{Context: c, site: s, entry: entryOf(c), cookie: s.cookies.read(c.Request())}
	find := s.rules.SessionAndFactors
	if c.Path() == idlePath && c.Request().Method != http.MethodPost {
		find = s.rules.PeekSession
	}
	session, factors, err := find(v.ctx(), v.cookie.Session)
	switch {
	case err == nil:
		v.session, v.had = session, &factors
		v.entry.user = string(session.User)
	case !errors.Is(err, auth.ErrNotFound):
		return nil, err
	}
	return v, nil
}

func (v *visit) ctx() context.Context { return v.Request().Context() }

func (v *visit) signedIn() bool { return v.session.ID != "" }

// factors are what the account has, read once a visit.
func (v *visit) factors() (auth.Factors, error) {
	if v.had == nil {
		factors, err := v.site.rules.Factors(v.ctx(), v.session.User)
		if err != nil {
			return factors, err
		}
		v.had = &factors
	}
	return *v.had, nil
}

// visitor is where the request comes from.
func (v *visit) visitor() auth.Visitor {
	address, _ := netip.ParseAddr(v.entry.address)
	return auth.Visitor{IP: address.Unmap(), UserAgent: v.Request().UserAgent(), DeviceToken: v.site.cookies.marker(v.Request())}
}

// frame is what every page carries. Taking it says the notice, once.
func (v *visit) frame() views.Page {
	f := views.Page{
		Product: v.site.Name, URL: v.Request().URL.RequestURI(), Token: v.site.forms.make(v.boundHandle()),
		Problem: v.problem, Notice: v.cookie.Notice, Now: v.site.rules.Now(), Account: v.session.Email, Branding: v.site.looks(),
	}
	v.cookie.Notice = ""
	if v.signedIn() {
		v.refresh = v.idleRefresh()
	}
	return f
}

// awaiting is the frame of a page that asks for a code. While that could not be
// sent the page comes again by itself, where the code alone can be typed into
// it: what has not come cannot be lost. That ends with the code's life, and so
// keeps a session open for minutes at most.
func (v *visit) awaiting(code *auth.SentCode, alone bool) views.Page {
	if code == nil {
		return v.frame()
	}
	fate := code.Delivery.Status()
	gone := fate == auth.DeliveryPending || fate == auth.DeliverySent
	if !gone && v.cookie.Notice == views.NoticeCodeSent {
		v.cookie.Notice = "" // the page knows better
	}
	f := v.frame()
	if fate == auth.DeliveryDelayed && alone && v.problem == nil {
		f.AutoRefresh = true
		v.refresh = strconv.Itoa(int(views.RefreshInterval/time.Second)) + "; url=" + v.Request().URL.RequestURI()
	}
	return f
}

// boundHandle is the handle the visitor's forms are bound to: the session's,
// else the attempt's. A visitor without either gets a handle with nothing
// behind it.
func (v *visit) boundHandle() auth.Token {
	if v.signedIn() {
		return v.cookie.Session
	}
	v.cookie.Session = ""
	if v.cookie.Attempt == "" {
		v.cookie.Attempt = auth.NewToken()
	}
	return v.cookie.Attempt
}

// show is one of the two exits: it renders to a buffer, so that an error does
// not leave half a page behind a 200, saves the cookie, and writes.
func (v *visit) show(status int, page templ.Component) error {
	buffer := templ.GetBuffer()
	defer templ.ReleaseBuffer(buffer)
	if err := page.Render(v.ctx(), buffer); err != nil {
		return err
	}
	if err := v.site.cookies.save(v.Response(), v.cookie); err != nil {
		return err
	}
	if v.problem != nil && v.problem.Wait > 0 {
		seconds := strconv.Itoa(int((v.problem.Wait + time.Second - 1) / time.Second))
		v.Response().Header().Set("Retry-After", seconds)
		if views.RefreshesAfterWait(v.problem) {
			v.refresh = seconds + "; url=" + v.Request().URL.RequestURI()
		}
	}
	if v.refresh != "" {
		v.Response().Header().Set("Refresh", v.refresh)
	}
	v.Response().Header().Set("Content-Length", strconv.Itoa(buffer.Len())) // else the page goes out in chunks
	return v.HTMLBlob(status, buffer.Bytes())
}

// goTo is the other exit: on to another page, by 303.
func (v *visit) goTo(path string) error {
	if err := v.site.cookies.save(v.Response(), v.cookie); err != nil {
		return err
	}
	return v.Redirect(http.StatusSeeOther, path)
}

// leave answers what is no page of this row: another address, or trouble.
func (v *visit) leave(err error) error {
	v.entry.refused(problemOf(err))
	var away elsewhere
	if errors.As(err, &away) {
		return v.goTo(string(away))
	}
	var found foundAt
	if errors.As(err, &found) {
		return v.Redirect(http.StatusFound, string(found))
	}
	return err
}
