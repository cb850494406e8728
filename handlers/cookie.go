package handlers

import (
	"net/http"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"twostep/auth"
	"twostep/views"
)

// A cookie holds two random handles and one notice, and nothing else: facts
// and counters stand on the server, where no old copy brings them back (SE-04).
type cookie struct {
	Session auth.Handle
	Attempt auth.Handle
	Notice  views.Notice

	came *cookie // as it was read, to write it only where it changed
}

// A cookieJar reads and writes the cookie, signed and encrypted.
type cookieJar struct {
	store func() *sessions.CookieStore // of the keys as they are now
	name  string
}

// newCookieJar takes its keys from the ring: the newest writes, all read.
func newCookieJar(keys auth.Keys, https bool) cookieJar {
	jar := cookieJar{name: "twostep"}
	if https {
		jar.name = "__Host-twostep"
	}
	jar.store = auth.Following(keys, func(ring auth.Keys) *sessions.CookieStore { return newCookieStore(ring, https) })
	return jar
}

// newCookieStore sets every option, because the library's own defaults are a
// cookie that lasts 30 days, that scripts can read and that other sites may
// send (SE-03).
func newCookieStore(keys auth.Keys, https bool) *sessions.CookieStore {
	var pairs [][]byte
	hide := keys.All(auth.KeyCookieHide)
	for i, sign := range keys.All(auth.KeyCookieSign) {
		pairs = append(pairs, sign, hide[i])
	}
	store := sessions.NewCookieStore(pairs...)
	store.MaxAge(int(auth.SessionLifetimeMost.Seconds())) // what the signature is good for
	for _, codec := range store.Codecs {
		codec.(*securecookie.SecureCookie).SetSerializer(cookieText{}) // it is what NewCookieStore makes
	}
	store.Options = &sessions.Options{
		Path: "/", HttpOnly: true, Secure: https, SameSite: http.SameSiteLaxMode, // Lax: a link in a mail finds the person signed in
		MaxAge: 0, // gone with the browser; the server's limits are what counts
	}
	return store
}

// read takes what the visitor brings. A cookie that was tampered with, or of a
// key that is gone, is no cookie: its bearer is a stranger, not an error.
func (jar cookieJar) read(r *http.Request) cookie {
	held, _ := jar.store().New(r, jar.name)
	text := func(key string) string { s, _ := held.Values[key].(string); return s }
	c := cookie{
		Session: auth.Handle(text("session")), Attempt: auth.Handle(text("attempt")),
		Notice: views.Notice(text("notice")),
	}
	came := c
	c.came = &came
	return c
}

// save writes the cookie where it has changed.
func (jar cookieJar) save(w http.ResponseWriter, c cookie) error {
	if c.came != nil && c.Session == c.came.Session && c.Attempt == c.came.Attempt && c.Notice == c.came.Notice {
		return nil
	}
	store := jar.store()
	held := sessions.NewSession(store, jar.name)
	options := *store.Options
	held.Options = &options
	for key, value := range map[string]string{
		"session": string(c.Session), "attempt": string(c.Attempt), "notice": string(c.Notice),
	} {
		if value != "" {
			held.Values[key] = value
		}
	}
	if len(held.Values) == 0 {
		options.MaxAge = -1
	}
	return store.Save(nil, w, held)
}

// markerName is the cookie by which a browser is known that has signed in
// before. Unlike the other it stays, and it opens nothing (FF-09).
func (jar cookieJar) markerName() string { return jar.name + "-browser" }

// marker reads the browser's marker.
func (jar cookieJar) marker(r *http.Request) auth.Handle {
	c, err := r.Cookie(jar.markerName())
	if err != nil || len(c.Value) != len(auth.NewHandle()) {
		return ""
	}
	return auth.Handle(c.Value)
}

// saveMarker gives the browser a marker.
func (jar cookieJar) saveMarker(w http.ResponseWriter, marker auth.Handle) {
	options := *jar.store().Options
	options.MaxAge = int(auth.BrowserKept.Seconds())
	http.SetCookie(w, sessions.NewCookie(jar.markerName(), string(marker), &options))
}
