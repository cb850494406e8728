package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"

	"twostep/handlers/pagetest"
)

// siteOrigin is the site as its visitors know it. Where it is reached changes
// with every start.
const siteOrigin = "http://localhost:8080"

var (
	errCut = errors.New("the server died before its answer had come")
	// Tries count before they are looked at, and so do those that were cut off.
	errHeld = errors.New("there were too many tries")
)

// A client is a browser without a screen. A request whose answer the server's
// death has cut off ends what was being done by a panic of errCut: whether it
// was carried out is then not known.
type client struct {
	g      *guest
	http   http.Client
	jar    http.CookieJar
	url    *url.URL
	from   string // the network address that it claims
	answer int    // status
	page   *pagetest.Page
}

// addresses counts the network addresses given out, so that the brakes on one
// address hold nobody up.
var addresses atomic.Int32

func newClient(g *guest) *client {
	jar, _ := cookiejar.New(nil)
	n := addresses.Add(1)
	c := &client{g: g, jar: jar, from: fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255)}
	c.url, _ = url.Parse(siteOrigin)
	c.http = http.Client{
		Jar:           jar,
		Transport:     g.s.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// clone is a second browser with the same cookies and the same page open.
func (c *client) clone() *client {
	other := newClient(c.g)
	other.jar.SetCookies(c.url, c.jar.Cookies(c.url))
	other.url, other.answer, other.page = c.url, c.answer, c.page.Clone()
	return other
}

// send sends one request and follows no redirect.
func (c *client) send(method, path string, form url.Values) {
	to, err := c.url.Parse(path)
	if err != nil {
		c.g.wrong("the address %q: %v", path, err)
	}
	request, err := http.NewRequestWithContext(context.Background(), method, to.String(), strings.NewReader(form.Encode()))
	if err != nil {
		c.g.wrong("%v", err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	request.Header.Set("X-Forwarded-For", c.from)
	answer, err := c.http.Do(request)
	if err != nil {
		c.g.s.cuts.Add(1)
		panic(errCut)
	}
	defer answer.Body.Close()
	c.g.s.answers.Add(1)
	c.url, c.answer = to, answer.StatusCode
	if next := answer.Header.Get("Location"); next != "" { // its header has come whole, and nothing else counts
		if c.url, err = to.Parse(next); err != nil {
			c.g.wrong("%v", err)
		}
		c.page = nil
		return
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.g.s.cuts.Add(1)
		panic(errCut)
	}
	if c.page, err = pagetest.Read(strings.NewReader(string(body))); err != nil {
		c.g.wrong("%v", err)
	}
	switch {
	case c.answer >= http.StatusInternalServerError:
		c.g.wrong("%s %s: %d %s", method, path, c.answer, c.page.Text())
	case c.answer == http.StatusTooManyRequests:
		panic(errHeld)
	}
}

// open loads an address and follows where it leads.
func (c *client) open(path string) *client {
	for c.send(http.MethodGet, path, nil); c.page == nil; {
		c.send(http.MethodGet, c.url.String(), nil)
	}
	return c
}

// shown loads the page that a press has led to, unless it stands there.
func (c *client) shown() *pagetest.Page {
	if c.page == nil {
		c.open(c.url.String())
	}
	return c.page
}

func (c *client) heading() string { return c.shown().Heading() }

func (c *client) reads(words string) bool { return strings.Contains(c.shown().Text(), words) }

// sees ends the guest's day where the page is another one.
func (c *client) sees(h1 string) *client {
	if got := c.heading(); got != h1 {
		c.g.wrong("%s shows %q (%d), want %q: %s", c.url, got, c.answer, h1, c.page.Text())
	}
	return c
}

func (c *client) fill(label, value string) *client {
	if err := c.shown().Fill(label, value); err != nil {
		c.g.wrong("%s: %v: %s", c.url, err, c.page.Text())
	}
	return c
}

// press posts the form of a button. It was done where the answer leads on, and
// that has come as soon as press returns; the page it leads to is loaded by the
// next look at it.
func (c *client) press(name string) (done bool) {
	button, err := c.shown().Button(name)
	if err != nil {
		c.g.wrong("%s: %v: %s", c.url, err, c.page.Text())
	}
	action, values := c.page.Form(button)
	c.send(http.MethodPost, action, values)
	return c.page == nil
}

// presses is press where nothing but the server's death can be in the way.
func (c *client) presses(name string) {
	if !c.press(name) {
		c.g.wrong("%s: %q is refused (%d): %s", c.url, name, c.answer, c.page.Text())
	}
}

func (c *client) follow(name string) *client {
	link, err := c.shown().Link(name)
	if err != nil {
		c.g.wrong("%s: %v: %s", c.url, err, c.page.Text())
	}
	return c.open(link.AttrOr("href", ""))
}

// wrong fails the test and ends the guest's day.
func (g *guest) wrong(format string, args ...any) {
	g.s.t.Errorf(g.email+": "+format, args...)
	runtime.Goexit()
}

// dialer reaches whichever server lives, and waits while none does.
func (s *siege) dialer() *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true, // a connection of its own for each request, and so none is sent twice
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			address, err := s.address(ctx)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		},
	}
}
