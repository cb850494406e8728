package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

const visitorPassword = "sixteen heavy lanterns"

// A visitor loads pages of the real binary and submits their forms, without the
// cost of a browser.
type visitor struct {
	t        *testing.T
	client   http.Client
	origin   string // of the server
	status   int
	page     *goquery.Document
	duration time.Duration
}

func visit(t *testing.T, node server) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, origin: "http://" + node.address, client: http.Client{Jar: jar, Timeout: time.Minute}}
}

// open loads a page and follows redirects.
func (v *visitor) open(path string) *visitor {
	v.t.Helper()
	return v.read(v.client.Get, path)
}

func (v *visitor) read(do func(string) (*http.Response, error), path string) *visitor {
	v.t.Helper()
	start := time.Now()
	resp, err := do(v.origin + path)
	v.duration = time.Since(start)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	v.status = resp.StatusCode
	if v.page, err = goquery.NewDocumentFromReader(resp.Body); err != nil {
		v.t.Fatal(err)
	}
	v.page.Url = resp.Request.URL
	return v
}

// press submits the form of a button with values for its fields.
func (v *visitor) press(button string, fields map[string]string) *visitor {
	v.t.Helper()
	path, values := v.form(button, fields)
	return v.read(func(url string) (*http.Response, error) { return v.client.PostForm(url, values) }, path)
}

// form returns what pressing a button submits, and where.
func (v *visitor) form(button string, fields map[string]string) (path string, values url.Values) {
	v.t.Helper()
	form := v.page.Find("button").FilterFunction(func(_ int, b *goquery.Selection) bool { return strings.TrimSpace(b.Text()) == button }).First()
	if form.Length() == 0 {
		v.t.Fatalf("no button %q on %s", button, v.page.Text())
	}
	values = url.Values{form.AttrOr("name", ""): {form.AttrOr("value", "")}}
	form = form.Closest("form")
	form.Find("input[type=hidden]").Each(func(_ int, hidden *goquery.Selection) {
		values.Set(hidden.AttrOr("name", ""), hidden.AttrOr("value", ""))
	})
	for name, value := range fields {
		values.Set(name, value)
	}
	return form.AttrOr("action", v.page.Url.RequestURI()), values
}

// sees checks the status and the heading.
func (v *visitor) sees(status int, h1 string) *visitor {
	v.t.Helper()
	if got := strings.TrimSpace(v.page.Find("h1").Text()); v.status != status || got != h1 {
		v.t.Fatalf("sees %q (%d), want %q (%d)\n%s", got, v.status, h1, status, v.page.Text())
	}
	return v
}

var requestID = regexp.MustCompile(`quote\s+[a-z2-7]{12}`)

// seesFault checks for the error page.
func (v *visitor) seesFault() *visitor {
	v.t.Helper()
	if v.sees(http.StatusInternalServerError, "Something went wrong"); !requestID.MatchString(v.page.Text()) {
		v.t.Errorf("no request id on %s", v.page.Text())
	}
	return v
}

// signUp creates an account with the code from a mail file.
func (v *visitor) signUp(mailbox *browserUser, email string) *visitor {
	v.t.Helper()
	v.signUpForm(email).sees(200, "Verify your email")
	return v.press("Verify", map[string]string{"code": mailbox.code("mail", email)}).sees(200, "Account")
}

func (v *visitor) signUpForm(email string) *visitor {
	v.t.Helper()
	return v.open("/sign-up").sees(200, "Sign up").press("Continue", map[string]string{"email": email, "password": visitorPassword})
}

// signIn signs in with the password.
func (v *visitor) signIn(email string) *visitor {
	v.t.Helper()
	return v.open("/sign-in").sees(200, "Sign in").press("Continue", map[string]string{"email": email, "password": visitorPassword})
}
