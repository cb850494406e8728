package main

import (
	"net/http"
	"net/url"
	"strings"
)

const (
	hostOrigin  = "http://wiki.test"
	accessRules = "wiki.test * / one-factor *\n"
)

// check asks as a proxy for a request of the browser to an app, and returns where it is
// redirected to. A cookie that is given replaces the browser's.
func (c *client) check(app string, cookies []*http.Cookie) (status int, location string, set []*http.Cookie) {
	at, err := url.Parse(app)
	if err != nil {
		c.u.fatalf("%v", err)
	}
	request, err := http.NewRequest(http.MethodGet, "http://proxies.test/forward-auth", nil)
	if err != nil {
		c.u.fatalf("%v", err)
	}
	for name, value := range map[string]string{
		"X-Forwarded-Method": http.MethodGet, "X-Forwarded-Proto": at.Scheme, "X-Forwarded-Host": at.Host, "X-Forwarded-Uri": at.RequestURI(),
		"X-Forwarded-For": c.ip, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html",
	} {
		request.Header.Set(name, value)
	}
	for _, cookie := range cookies {
		request.AddCookie(cookie)
	}
	resp, err := c.u.k.proxies.RoundTrip(request)
	if err != nil {
		c.u.k.lost.Add(1)
		panic(errLost)
	}
	resp.Body.Close()
	c.u.k.responses.Add(1)
	c.u.mayRepeat("check of", app, resp.StatusCode, "")
	return resp.StatusCode, resp.Header.Get("Location"), resp.Cookies()
}

// host is where the browser keeps the cookies of the app.
var host, _ = url.Parse(hostOrigin)

func (c *client) opensHost() bool {
	status, _, _ := c.check(hostOrigin+"/page", c.jar.Cookies(host))
	return status == http.StatusOK
}

// openHost opens an app behind the proxy. The code of the handover works once.
func (u *user) openHost() {
	u.ensureSignedIn()
	const page = hostOrigin + "/page"
	status, to, set := u.c.check(page, u.c.jar.Cookies(host))
	u.c.jar.SetCookies(host, set)
	if status != http.StatusOK {
		u.c.open(to).sees("Continue to wiki.test")
		link, err := u.c.page.Link("Continue")
		if err != nil {
			u.fatalf("%v: %s", err, u.c.page.Text())
		}
		callback, begin := link.AttrOr("href", ""), u.c.jar.Cookies(host)
		lost := -1
		u.repeat(func() {
			lost++
			_, to, set = u.c.check(callback, begin)
		})
		if lost > 0 && len(set) == 0 { // the token was lost with the response
			return
		}
		if to != page || len(set) != 1 {
			u.fatalf("the handover leads to %s with %d cookies after %d lost responses", to, len(set), lost)
		}
		u.c.jar.SetCookies(host, set)
		u.repeat(func() { _, to, set = u.c.check(callback, begin) })
		if len(set) > 0 || strings.HasPrefix(to, page) {
			u.fatalf("the code of a handover was accepted twice, and led to %s", to)
		}
		u.confirm("handed_over")
	}
	if !u.c.opensHost() {
		u.fatalf("the app does not open")
	}
	u.hostOpen = true
}
