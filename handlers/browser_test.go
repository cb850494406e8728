package handlers_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/PuerkitoBio/goquery"

	"twostep/auth"
	"twostep/handlers/pagetest"
)

// A browser keeps cookies, reads pages, fills fields by their labels and presses
// buttons by their names.
type browser struct {
	checkPath string // of forward auth; empty for the usual one

	site       *testSite
	t          tester
	jar        *cookiejar.Jar
	url        *url.URL
	status     int
	header     http.Header
	body       string
	page       *pagetest.Page
	remoteAddr string
	headers    map[string]string // sent with every request
	host       string            // Host header; empty for the site's own
	ctx        context.Context   // of its requests; nil for the background

	onSetCookie func(line string) // called with every Set-Cookie header; may be nil
}

func (site *testSite) browser() *browser {
	jar, _ := cookiejar.New(nil)
	u, _ := url.Parse(site.origin + "/")
	site.browserCount++
	return &browser{
		site: site, t: site.t, jar: jar, url: u, remoteAddr: fmt.Sprintf("203.0.%d.%d:4711", 113+site.browserCount/200, 6+site.browserCount%200),
		headers: map[string]string{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
	}
}

// clone returns a second browser with the same cookies, as after a theft or with
// cookies that have since been replaced.
func (b *browser) clone() *browser {
	c := b.site.browser()
	cookies := b.jar.Cookies(b.url)
	for _, cookie := range cookies {
		cookie.Path = "/" // the jar does not return it
	}
	c.jar.SetCookies(b.url, cookies)
	c.remoteAddr = b.remoteAddr
	c.url, c.body, c.status = b.url, b.body, b.status
	if b.page != nil {
		c.page = b.page.Clone()
	}
	return c
}

// from returns the same browser, cookies and page, at another IP address.
func (b *browser) from(remoteAddr string) *browser {
	other := *b
	other.remoteAddr = remoteAddr
	return &other
}

// request sends one request, without following redirects.
func (b *browser) request(method, path string, form url.Values, headers map[string]string) *http.Response {
	b.t.Helper()
	u := b.resolve(path)
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, u.String(), body)
	r.RemoteAddr = b.remoteAddr
	if b.host != "" {
		r.Host = b.host
	}
	if b.ctx != nil {
		r = r.WithContext(b.ctx)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", b.site.origin)
	}
	for _, more := range []map[string]string{b.headers, headers} {
		for name, value := range more {
			r.Header.Set(name, value)
		}
	}
	response := b.send(r)
	for _, line := range response.Header["Set-Cookie"] {
		if b.onSetCookie != nil {
			b.onSetCookie(line)
		}
	}
	for _, channel := range auth.Channels {
		select {
		case <-b.site.rules.Queued(channel):
			b.site.deliver() // at once, so that messages arrive in the order of their events
		default:
		}
	}
	return response
}

// resolve returns a URL as the page has it. A path is one of the site, also if the browser
// has left it.
func (b *browser) resolve(path string) *url.URL {
	b.t.Helper()
	base := b.url
	if strings.HasPrefix(path, "/") {
		base, _ = url.Parse(b.site.origin)
	}
	u, err := base.Parse(path)
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

// send sends a request with the browser's cookies.
func (b *browser) send(r *http.Request) *http.Response {
	for _, c := range b.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	recorder := httptest.NewRecorder()
	b.site.handler.ServeHTTP(recorder, r)
	response := recorder.Result()
	b.jar.SetCookies(r.URL, response.Cookies())
	return response
}

// post posts a form and returns the status, Retry-After and body. It leaves the
// browser on its page, so calls may run concurrently.
func (b *browser) post(path string, form url.Values) (status int, retryAfter time.Duration, body string) {
	response := b.request(http.MethodPost, path, form, nil)
	text, _ := io.ReadAll(response.Body)
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	return response.StatusCode, time.Duration(seconds) * time.Second, string(text)
}

// fetch sends one request and returns its response as a browser on that page. It
// leaves b on its own page.
func (b *browser) fetch(method, path string, form url.Values) *browser {
	b.t.Helper()
	return b.fetchRaw(method, path, form).parse()
}

// fetchRaw is fetch without parsing the page.
func (b *browser) fetchRaw(method, path string, form url.Values) *browser {
	b.t.Helper()
	other := *b
	response := other.request(method, path, form, nil)
	text, _ := io.ReadAll(response.Body)
	other.status, other.header, other.body, other.page = response.StatusCode, response.Header, string(text), nil
	return &other
}

// parse parses the body as a page.
func (b *browser) parse() *browser {
	b.page, _ = pagetest.Read(strings.NewReader(b.body))
	return b
}

// load sends a request and follows redirects, but not to another site.
func (b *browser) load(method, path string, form url.Values) *browser {
	b.t.Helper()
	for range 6 {
		response := b.request(method, path, form, nil)
		b.url = b.resolve(path)
		b.status, b.header = response.StatusCode, response.Header
		text, _ := io.ReadAll(response.Body)
		b.body = string(text)
		if to := response.Header.Get("Location"); to != "" {
			method, path, form = http.MethodGet, to, nil
			if next := b.resolve(to); next.Host != b.url.Host {
				b.url, b.page = next, nil
				return b
			}
			continue
		}
		read, err := pagetest.Read(strings.NewReader(b.body))
		if err != nil {
			b.t.Fatal(err)
		}
		b.page = read
		return b
	}
	b.t.Fatalf("%s: too many redirects", path)
	return b
}

// open loads a URL.
func (b *browser) open(path string) *browser {
	b.t.Helper()
	return b.load(http.MethodGet, path, nil)
}

// wantHeading checks the page's heading.
func (b *browser) wantHeading(h1 string) *browser {
	b.t.Helper()
	if got := b.page.Heading(); got != h1 {
		b.t.Fatalf("%s: heading %q (%d), want %q\n%s", b.url, got, b.status, h1, b.text())
	}
	return b
}

// wantText checks that the page contains a text.
func (b *browser) wantText(text string) *browser {
	b.t.Helper()
	if !strings.Contains(b.text(), text) {
		b.t.Fatalf("%s: page lacks %q:\n%s", b.url, text, b.text())
	}
	return b
}

// wantNoText checks that it does not.
func (b *browser) wantNoText(text string) *browser {
	b.t.Helper()
	if strings.Contains(b.text(), text) {
		b.t.Fatalf("%s: page contains %q:\n%s", b.url, text, b.text())
	}
	return b
}

func (b *browser) wantStatus(status int) *browser {
	b.t.Helper()
	if b.status != status {
		b.t.Errorf("%s: %d, want %d", b.url, b.status, status)
	}
	return b
}

// wantError checks the status and that the page has an error summary.
func (b *browser) wantError(status int) *browser {
	b.t.Helper()
	title := b.page.Find("title").Text()
	if status == http.StatusUnprocessableEntity && b.header.Get("Retry-After") != "" {
		b.t.Errorf("%s: waiting does not help, but Retry-After is %s", b.url, b.header.Get("Retry-After"))
	}
	if b.status != status || b.page.Find("[role=alert]").Length() == 0 || !strings.HasPrefix(title, "Error: ") {
		b.t.Fatalf("%s: %d %q, want %d and an error summary:\n%s", b.url, b.status, title, status, b.text())
	}
	return b
}

var waitText = regexp.MustCompile(`(Try again|another code) in \d+ (second|minute|hour)`)

// retryAfter returns the Retry-After of a page with status 429. The page must
// say so, too.
func (b *browser) retryAfter() time.Duration {
	b.t.Helper()
	if b.wantError(http.StatusTooManyRequests); !waitText.MatchString(b.text()) {
		b.t.Fatalf("the page does not say how long to wait: %s", b.text())
	}
	seconds, err := strconv.Atoi(b.header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		b.t.Fatalf("Retry-After: %q", b.header.Get("Retry-After"))
	}
	return time.Duration(seconds) * time.Second
}

// text returns the visible text of the page.
func (b *browser) text() string { return b.page.Text() }

func (b *browser) must(found *goquery.Selection, err error) *goquery.Selection {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%s: %v:\n%s", b.url, err, b.text())
	}
	return found
}

// field finds a field by its label.
func (b *browser) field(label string) *goquery.Selection {
	b.t.Helper()
	return b.must(b.page.Field(label))
}

// button finds a button by its name.
func (b *browser) button(name string) *goquery.Selection {
	b.t.Helper()
	return b.must(b.page.Button(name))
}

// link finds a link by its name.
func (b *browser) link(name string) *goquery.Selection {
	b.t.Helper()
	return b.must(b.page.Link(name))
}

// has reports whether the page has a button or link of that name.
func (b *browser) has(name string) bool { return b.page.Has(name) }

// fill fills the field with a label. Any value checks a checkbox.
func (b *browser) fill(label, value string) *browser {
	b.t.Helper()
	if err := b.page.Fill(label, value); err != nil {
		b.t.Fatalf("%s: %v:\n%s", b.url, err, b.text())
	}
	return b
}

// form returns what pressing a button would post, and to which path.
func (b *browser) form(button *goquery.Selection) (path string, values url.Values) {
	action, values := b.page.Form(button)
	return cmp.Or(action, b.url.String()), values
}

// formToken returns a form token of this browser, from its page or from "/sign-in".
func (b *browser) formToken() string {
	b.t.Helper()
	if found := b.page.Find("input[name=token]"); found.Length() > 0 {
		return found.First().AttrOr("value", "")
	}
	was := b.url
	b.open("/sign-in")
	b.url = was
	return b.page.Find("input[name=token]").First().AttrOr("value", "")
}

// press posts the form of a button.
func (b *browser) press(name string) *browser {
	b.t.Helper()
	path, values := b.form(b.button(name))
	return b.load(http.MethodPost, path, values)
}

// follow opens a link by its name.
func (b *browser) follow(name string) *browser {
	b.t.Helper()
	return b.open(b.link(name).AttrOr("href", ""))
}

// cookie returns the raw value of the site's cookie.
func (b *browser) cookie() string {
	for _, c := range b.jar.Cookies(b.url) {
		if c.Name == "__Host-twostep" {
			return c.Value
		}
	}
	return ""
}

// observed returns all that an outsider can observe of a response: the status,
// the headers, which cookies are set, and the page. What they typed is replaced.
func (b *browser) observed(typed string) string {
	h := b.header.Clone()
	for i, cookie := range h["Set-Cookie"] {
		h["Set-Cookie"][i], _, _ = strings.Cut(cookie, "=")
	}
	var headers strings.Builder
	h.Write(&headers)
	body := strings.ReplaceAll(b.body, b.formToken(), "TOKEN")
	return http.StatusText(b.status) + "\n" + headers.String() + strings.ReplaceAll(body, typed, "TYPED")
}

// race presses a button in twenty copies of the browser concurrently. It is the same
// form, so it leads to the same result in all that are not refused.
func (b *browser) race(button string, succeeded func(*http.Response) bool) {
	b.t.Helper()
	path, form := b.form(b.button(button))
	var group sync.WaitGroup
	var mu sync.Mutex
	n := 0
	racers := make([]*browser, 20)
	for i := range racers {
		racers[i] = b.clone()
	}
	for _, racer := range racers {
		group.Go(func() {
			response := racer.request(http.MethodPost, path, form, nil)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case succeeded(response):
				n++
			case response.StatusCode != 422 && response.StatusCode != 429 && response.StatusCode != 303:
				b.t.Errorf("%s: %d", button, response.StatusCode)
			}
		})
	}
	group.Wait()
	if n == 0 {
		b.t.Errorf("%s: none of 20 succeeded", button)
	}
}
