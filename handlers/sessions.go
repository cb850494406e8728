package handlers

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"twostep/auth"
	"twostep/views"
)

func showSessions(v *visit) (templ.Component, error) {
	all, err := v.site.rules.Sessions(v.ctx(), v.session)
	if err != nil {
		return nil, err
	}
	return views.Sessions(views.SessionsPage{Page: v.frame(), Sessions: all}), nil
}

func postSessions(v *visit) (string, error) {
	const page = "/account/sessions"
	rules := v.site.rules
	action, id, _ := strings.Cut(v.action(), ":")
	switch action {
	case "end":
		v.cookie.Notice = views.NoticeSessionEnded
		return page, v.quietly(rules.EndSession(v.ctx(), v.visitor(), v.session, auth.SessionID(id)))
	case "end_others":
		v.cookie.Notice = views.NoticeSessionsEnded
		return page, v.quietly(rules.EndOtherSessions(v.ctx(), v.visitor(), v.session))
	}
	return "", &auth.Problem{Reason: auth.UnknownAction}
}

const idlePath = "/account/idle"

// idleRefresh brings a page that nobody touches to the one that warns, in time
// before the session ends (AX-10).
func (v *visit) idleRefresh() string {
	ends, extends := v.site.rules.IdleExpiry(v.session)
	if !extends {
		return ""
	}
	left := ends.Sub(v.site.rules.Now()) - auth.SessionWarning
	back := v.Request().URL.RequestURI()
	if v.Path() == idlePath || v.form != nil { // a posted form is not asked for again
		back = v.Request().URL.Path
	}
	return strconv.Itoa(int(max(left, time.Second)/time.Second)) + "; url=" + idlePath + "?next=" + url.QueryEscape(back) // read by localPath there
}

// showIdle warns that the session is about to end. Once it has, it says so.
func showIdle(v *visit) (templ.Component, error) {
	next := localPath(v.QueryParam("next"))
	if !v.signedIn() {
		v.cookie.Notice = views.NoticeTimedOut
		return nil, elsewhere("/sign-in?next=" + url.QueryEscape(next))
	}
	ends, _ := v.site.rules.IdleExpiry(v.session)
	frame := v.frame()
	left := max(ends.Sub(v.site.rules.Now()), 0) + 2*time.Second // past the end, not before it
	v.refresh = strconv.Itoa(int(left/time.Second)) + "; url=" + v.Request().URL.RequestURI()
	return views.Idle(views.IdlePage{Page: frame, EndsAt: ends, Next: next}), nil
}

// postIdle is "Stay signed in": the visit itself was seen.
func postIdle(v *visit) (string, error) {
	next := localPath(v.QueryParam("next"))
	if !v.signedIn() {
		v.cookie.Notice = views.NoticeTimedOut
		return "/sign-in?next=" + url.QueryEscape(next), nil
	}
	return next, nil
}
