package handlers

import (
	"net/http"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"twostep/auth"
	"twostep/views"
)

// A cookie is what a visitor holds.
type cookie struct {
	held
	came *held // as it was read, to write it only where it changed; nil where it was not
}

// held is two random handles and one notice, and nothing else: facts and
// counters stand on the server, where no old copy brings them back (SE-04).
type held struct {
	Session auth.Token
	Attempt auth.Token
	Notice  views.Notice
}

// A cookieJar reads and writes the cookie, signed and encrypted.
type cookieJar struct {
	store func() *sessions.CookieStore // of the keys as they are now
	name  string
}

// newCookieJar takes its keys from the ring: the newest writes, all read.
func newCookieJar(keys auth.Keyring, https bool) cookieJar {
	jar := cookieJar{name: "twostep"}
	if https {
		jar.name = "__Host-twostep"
	}
	jar.store = auth.CachePerKeyring(keys, func(ring auth.Keyring) *sessions.CookieStore { return newCookieStore(ring, https) })
	return jar
}

// newCookieStore sets every option, because the library's own defaults are a
// cookie that lasts 30 days, that scripts can read and that other sites may
// send (SE-03).
func newCookieStore(keys auth.Keyring, https bool) *sessions.CookieStore {
	var pairs [][]byte
	hide := keys.All(auth.KeyCookieEncrypt)
	for i, sign := range keys.All(auth.KeyCookieSign) {
		pairs = append(pairs, sign, hide[i])
	}
	store := sessions.NewCookieStore(pairs...)
	store.MaxAge(int(auth.SessionLifetimeMax.Seconds())) // what the signature is good for
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
	var came held
	if sent, err := r.Cookie(jar.name); err == nil {
		if securecookie.DecodeMulti(jar.name, sent.Value, &came, jar.store().Codecs...) != nil {
			came = held{}
		}
	}
	return cookie{held: came, came: &came}
}

// save writes the cookie where it has changed.
func (jar cookieJar) save(w http.ResponseWriter, c cookie) error {
	if c.came != nil && c.held == *c.came {
		return nil
	}
	store := jar.store()
	text, err := securecookie.EncodeMulti(jar.name, c.held, store.Codecs...)
	if err != nil {
		return err
	}
	options := *store.Options
	if c.held == (held{}) {
		text, options.MaxAge = "", -1
	}
	http.SetCookie(w, sessions.NewCookie(jar.name, text, &options))
	return nil
}

// markerName is the cookie by which a browser is known that has signed in
// before. Unlike the other it stays, and it opens nothing (FF-09).
func (jar cookieJar) markerName() string { return jar.name + "-browser" }

// marker reads the browser's marker.
func (jar cookieJar) marker(r *http.Request) auth.Token {
	c, err := r.Cookie(jar.markerName())
	if err != nil || len(c.Value) != len(auth.NewToken()) {
		return ""
	}
	return auth.Token(c.Value)
}

// saveMarker gives the browser a marker.
func (jar cookieJar) saveMarker(w http.ResponseWriter, marker auth.Token) {
	options := *jar.store().Options
	options.MaxAge = int(auth.KnownDeviceLifetime.Seconds())
	http.SetCookie(w, sessions.NewCookie(jar.markerName(), string(marker), &options))
}
