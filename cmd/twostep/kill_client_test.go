package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"

	"twostep/handlers/pagetest"
)

// siteOrigin is the public origin. The address of the server changes with every
// start.
const siteOrigin = "http://localhost:8080"

var (
	errLost = errors.New("response lost")
	// A request counts towards a rate limit even if its response is lost.
	errLimited = errors.New("rate limited")
)

// A client is a browser without a screen. If a kill cuts off a response, it panics
// with errLost: whether the request was processed is then unknown.
type client struct {
	u      *user
	http   http.Client
	jar    http.CookieJar
	url    *url.URL
	ip     string // in X-Forwarded-For
	status int
	page   *pagetest.Page
}

// clients counts the clients, each of which gets its own IP address, so that rate
// limits by address do not apply.
var clients atomic.Int32

func newClient(u *user) *client {
	jar, _ := cookiejar.New(nil)
	n := clients.Add(1)
	c := &client{u: u, jar: jar, ip: fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255)}
	c.url, _ = url.Parse(siteOrigin)
	c.http = http.Client{
		Jar:           jar,
		Transport:     u.k.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// clone returns a client with the same cookies and the same page.
func (c *client) clone() *client {
	other := newClient(c.u)
	for _, at := range []*url.URL{c.url, host} {
		other.jar.SetCookies(at, c.jar.Cookies(at))
	}
	other.url, other.status, other.page = c.url, c.status, c.page.Clone()
	return other
}

// send sends one request and follows no redirect.
func (c *client) send(method, path string, form url.Values) {
	to, err := c.url.Parse(path)
	if err != nil {
		c.u.fatalf("the path %q: %v", path, err)
	}
	request, err := http.NewRequestWithContext(context.Background(), method, to.String(), strings.NewReader(form.Encode()))
	if err != nil {
		c.u.fatalf("%v", err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	request.Header.Set("X-Forwarded-For", c.ip)
	resp, err := c.http.Do(request)
	if err != nil {
		c.u.k.lost.Add(1)
		panic(errLost)
	}
	defer resp.Body.Close()
	c.u.k.responses.Add(1)
	c.url, c.status = to, resp.StatusCode
	if next := resp.Header.Get("Location"); next != "" { // the body does not matter
		if c.url, err = to.Parse(next); err != nil {
			c.u.fatalf("%v", err)
		}
		c.page = nil
		return
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.u.k.lost.Add(1)
		panic(errLost)
	}
	if c.page, err = pagetest.Read(strings.NewReader(string(body))); err != nil {
		c.u.fatalf("%v", err)
	}
	c.u.mayRepeat(method, path, c.status, c.page.Text())
	if c.status == http.StatusTooManyRequests {
		c.u.limitedBy = fmt.Sprintf("%s %s: %s", method, path, c.page.Text())
		panic(errLimited)
	}
}

// tooSlowMax is how many requests may take too long, which a busy machine causes.
const tooSlowMax = 50

// mayRepeat treats a response of a server that was too slow as a lost one, and fails for
// other errors of the server.
func (u *user) mayRepeat(method, path string, status int, text string) {
	switch {
	case status == http.StatusServiceUnavailable && u.k.tooSlow.Add(1) <= tooSlowMax:
		panic(errLost)
	case status >= http.StatusInternalServerError:
		u.fatalf("%s %s: %d %s", method, path, status, text)
	}
}

// open loads a page and follows redirects.
func (c *client) open(path string) *client {
	for c.send(http.MethodGet, path, nil); c.page == nil; {
		c.send(http.MethodGet, c.url.String(), nil)
	}
	return c
}

// current loads the page that the last form led to, unless it is loaded.
func (c *client) current() *pagetest.Page {
	if c.page == nil {
		c.open(c.url.String())
	}
	return c.page
}

func (c *client) heading() string { return c.current().Heading() }

func (c *client) reads(text string) bool { return strings.Contains(c.current().Text(), text) }

// sees checks the heading.
func (c *client) sees(h1 string) *client {
	if got := c.heading(); got != h1 {
		c.u.fatalf("%s shows %q (%d), want %q: %s", c.url, got, c.status, h1, c.page.Text())
	}
	return c
}

func (c *client) fill(label, value string) *client {
	if err := c.current().Fill(label, value); err != nil {
		c.u.fatalf("%s: %v: %s", c.url, err, c.page.Text())
	}
	return c
}

// press posts the form of a button, and reports whether it was accepted, which a
// redirect means. The next use of the client loads the page that it leads to.
func (c *client) press(name string) (done bool) { return c.post(name, nil) }

// post is press with the values of fields that a script fills in.
func (c *client) post(name string, more url.Values) (done bool) {
	button, err := c.current().Button(name)
	if err != nil {
		c.u.fatalf("%s: %v: %s", c.url, err, c.page.Text())
	}
	action, values := c.page.Form(button)
	maps.Copy(values, more)
	c.send(http.MethodPost, action, values)
	return c.page == nil
}

// mustPress presses a button and fails if the form is rejected.
func (c *client) mustPress(name string) {
	if !c.press(name) {
		c.u.fatalf("%s: %q is rejected (%d): %s", c.url, name, c.status, c.page.Text())
	}
}

func (c *client) follow(name string) *client {
	link, err := c.current().Link(name)
	if err != nil {
		c.u.fatalf("%s: %v: %s", c.url, err, c.page.Text())
	}
	return c.open(link.AttrOr("href", ""))
}

// fatalf fails the test and ends the user.
func (u *user) fatalf(format string, args ...any) {
	u.k.t.Errorf(u.email+": "+format, args...)
	runtime.Goexit()
}

// newTransport connects to an address of the running server, and waits for one.
func (k *killTest) newTransport(of func() string) *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true, // so that no request is sent again on another connection
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			address, err := k.address(ctx, of)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		},
	}
}
