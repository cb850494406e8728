package handlers

import (
	"net/http"
	"net/url"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"twostep/auth"
	"twostep/views"
)

// A cookie is the decoded session cookie.
type cookie struct {
	cookieValues
	received *cookieValues // to write the cookie only after a change; nil if it was not read
}

// cookieValues are two random tokens, one notice, and the text of one form. Facts and
// counters are stored on the server, where an old copy of a cookie cannot restore
// them (SE-04).
type cookieValues struct {
	Session auth.Token
	Attempt auth.Token
	Notice  views.Notice
	Typed   string // path and fields of the page that shows them next, see [request.keepTyped]
}

// A cookieJar reads and writes the cookie, signed and encrypted.
type cookieJar struct {
	keys  auth.Keyring
	store func() *sessions.CookieStore // with the current keys
	name  string
}

// newCookieJar writes with the newest key of the keyring, and reads with all. The port
// is part of the name, because browsers send cookies to every port of a host.
func newCookieJar(keys auth.Keyring, site *url.URL) cookieJar {
	jar, https := cookieJar{keys: keys, name: "twostep"}, site.Scheme == "https"
	if https {
		jar.name = "__Host-twostep"
	}
	if port := site.Port(); port != "" {
		jar.name += "-" + port
	}
	jar.store = auth.CachePerKeyring(keys, func(keys auth.Keyring) *sessions.CookieStore { return newCookieStore(keys, https) })
	return jar
}

// newCookieStore sets every option: by the library's defaults, cookies last 30
// days, and scripts and other sites can use them (SE-03).
func newCookieStore(keys auth.Keyring, https bool) *sessions.CookieStore {
	var pairs [][]byte
	encryptKeys := keys.All(auth.KeyCookieEncrypt)
	for i, signKey := range keys.All(auth.KeyCookieSign) {
		pairs = append(pairs, signKey, encryptKeys[i])
	}
	store := sessions.NewCookieStore(pairs...)
	store.MaxAge(int(auth.SessionLifetimeMax.Seconds())) // of the signature
	for _, codec := range store.Codecs {
		codec.(*securecookie.SecureCookie).SetSerializer(cookieText{}) // NewCookieStore makes no other type
	}
	store.Options = &sessions.Options{
		Path: "/", HttpOnly: true, Secure: https, SameSite: http.SameSiteLaxMode, // Lax: links in mail open the user's session
		MaxAge: 0, // a browser-session cookie; the server limits the session
	}
	return store
}

// read returns the request's cookie. One that was tampered with or has an unknown
// key is ignored.
func (jar cookieJar) read(r *http.Request) cookie {
	var values cookieValues
	if c, err := r.Cookie(jar.name); err == nil {
		if securecookie.DecodeMulti(jar.name, c.Value, &values, jar.store().Codecs...) != nil {
			values = cookieValues{}
		}
	}
	return cookie{cookieValues: values, received: &values}
}

// sent reports whether the request has the cookie, valid or not.
func (jar cookieJar) sent(r *http.Request) bool {
	_, err := r.Cookie(jar.name)
	return err == nil
}

// save writes the cookie if it has changed.
func (jar cookieJar) save(w http.ResponseWriter, c cookie) error {
	if c.received != nil && c.cookieValues == *c.received {
		return nil
	}
	store := jar.store()
	text, err := securecookie.EncodeMulti(jar.name, c.cookieValues, store.Codecs...)
	if err != nil {
		return err
	}
	options := *store.Options
	if c.cookieValues == (cookieValues{}) {
		text, options.MaxAge = "", -1
	}
	http.SetCookie(w, sessions.NewCookie(jar.name, text, &options))
	return nil
}

// deviceName is the name of the device cookie, which outlives sign-out. It makes
// the browser a known device, but authenticates no user (FF-09).
func (jar cookieJar) deviceName() string { return jar.name + "-device" }

func (jar cookieJar) deviceToken(r *http.Request) auth.Token {
	c, err := r.Cookie(jar.deviceName())
	if err != nil {
		return ""
	}
	return jar.keys.DeviceToken(c.Value)
}

func (jar cookieJar) saveDeviceToken(w http.ResponseWriter, token auth.Token) {
	options := *jar.store().Options
	options.MaxAge = int(auth.KnownDeviceLifetime.Seconds())
	http.SetCookie(w, sessions.NewCookie(jar.deviceName(), jar.keys.SignDevice(token), &options))
}
