package handlers

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"twostep/auth"
	"twostep/views"
)

const idlePath = "/account/idle"

func showSessions(r *request) error {
	sessions, err := r.rules.Sessions(r.ctx(), r.session)
	if err != nil {
		return err
	}
	remembered, err := r.rememberedDevices()
	if err != nil {
		return err
	}
	apps, err := r.site.Apps.SessionApps(r.ctx(), r.session.User)
	if err != nil {
		return err
	}
	hosts, err := r.rules.HostUses(r.ctx(), r.session.User)
	if err != nil {
		return err
	}
	for _, use := range hosts {
		for _, session := range use.Sessions {
			apps[session] = append(apps[session], use.Host)
		}
	}
	return r.show(views.Sessions(views.SessionsPage{Page: r.page(), Sessions: sessions, Apps: apps, Remembered: remembered}))
}

func (r *request) rememberedDevices() (rows []views.RememberedDevice, err error) {
	devices, err := r.rules.RememberedDevices(r.ctx(), r.session)
	for _, d := range devices {
		rows = append(rows, views.RememberedDevice{KnownDevice: d, Until: r.rules.RememberedUntil(d), Current: d.IsClient(r.client())})
	}
	return rows, err
}

func postSessions(r *request) (string, error) {
	const page = "/account/sessions"
	switch action, id, _ := strings.Cut(r.action(), ":"); action {
	case "end":
		err := r.rules.EndSession(r.ctx(), r.client(), r.session, auth.SessionID(id))
		return page, r.withNotice(views.NoticeSessionEnded, err)
	case "forget":
		err := r.rules.ForgetDevice(r.ctx(), r.client(), r.session, id)
		return page, r.withNotice(views.NoticeDeviceForgotten, err)
	case "end_others":
		err := r.rules.EndOtherSessions(r.ctx(), r.client(), r.session)
		return page, r.withNotice(views.NoticeSessionsEnded, err)
	}
	return "", errUnknownAction
}

// idleRefresh makes an inactive page load the warning of [showIdle] before the
// session expires (AX-10).
func (r *request) idleRefresh() string {
	expiry, extends := r.rules.IdleExpiry(r.session)
	if !extends {
		return ""
	}
	wait := expiry.Sub(r.rules.Now()) - auth.SessionWarning
	next := r.Request().URL.RequestURI()
	if r.form != nil { // the query belongs to the posted form
		next = r.path()
	}
	return strconv.Itoa(int(max(wait, time.Second)/time.Second)) + "; url=" + idlePath + "?next=" + url.QueryEscape(next) // checked by localPath
}

// showIdle warns that the session is about to expire. It reloads after the expiry,
// and then redirects to sign-in.
func showIdle(r *request) error {
	if !r.signedIn() {
		return r.redirect(r.timedOut())
	}
	expiry, _ := r.rules.IdleExpiry(r.session)
	frame := r.page()
	wait := max(expiry.Sub(r.rules.Now()), 0) + 2*time.Second // seconds are rounded down, and it must not reload before the expiry
	r.refresh = strconv.Itoa(int(wait/time.Second)) + "; url=" + r.Request().URL.RequestURI()
	return r.show(views.Idle(views.IdlePage{Page: frame, EndsAt: expiry, Next: localPath(r.QueryParam("next"))}))
}

// postIdle is "Stay signed in". The request has already extended the session.
func postIdle(r *request) (string, error) {
	if !r.signedIn() {
		return r.timedOut(), nil
	}
	return localPath(r.QueryParam("next")), nil
}

// timedOut returns the URL of the sign-in page, and sets the notice that the
// session has expired.
func (r *request) timedOut() string {
	r.cookie.Notice = views.NoticeTimedOut
	return signInPath(localPath(r.QueryParam("next")))
}
