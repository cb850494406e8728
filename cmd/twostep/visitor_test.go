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

// A visitor reads pages of the real binary and presses their buttons, without
// the cost of a browser.
type visitor struct {
	t      *testing.T
	client http.Client
	at     string // the node he asks
	status int
	page   *goquery.Document
	took   time.Duration
}

func visit(t *testing.T, node running) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, at: "http://" + node.address, client: http.Client{Jar: jar, Timeout: time.Minute}}
}

// open asks for a page and follows where it leads.
func (v *visitor) open(path string) *visitor {
	v.t.Helper()
	return v.read(v.client.Get, path)
}

func (v *visitor) read(ask func(string) (*http.Response, error), path string) *visitor {
	v.t.Helper()
	began := time.Now()
	answer, err := ask(v.at + path)
	v.took = time.Since(began)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	v.status = answer.StatusCode
	if v.page, err = goquery.NewDocumentFromReader(answer.Body); err != nil {
		v.t.Fatal(err)
	}
	v.page.Url = answer.Request.URL
	return v
}

// press posts the form of a button, with what is typed into its fields.
func (v *visitor) press(button string, typed map[string]string) *visitor {
	v.t.Helper()
	path, values := v.form(button, typed)
	return v.read(func(to string) (*http.Response, error) { return v.client.PostForm(to, values) }, path)
}

// form is what pressing a button would post, and where to.
func (v *visitor) form(button string, typed map[string]string) (path string, values url.Values) {
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
	for field, text := range typed {
		values.Set(field, text)
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

var requestName = regexp.MustCompile(`quote\s+[a-z2-7]{12}`)

// faulty checks that the page is the one for faults.
func (v *visitor) faulty() *visitor {
	v.t.Helper()
	if v.sees(http.StatusInternalServerError, "Something went wrong"); !requestName.MatchString(v.page.Text()) {
		v.t.Errorf("no request id on %s", v.page.Text())
	}
	return v
}

// signUp makes an account whose code comes by mail to a file.
func (v *visitor) signUp(mailed *person, email string) *visitor {
	v.t.Helper()
	v.signUpForm(email).sees(200, "Verify your email")
	return v.press("Verify", map[string]string{"code": mailed.code("mail", email)}).sees(200, "Account")
}

func (v *visitor) signUpForm(email string) *visitor {
	v.t.Helper()
	return v.open("/sign-up").sees(200, "Sign up").press("Continue", map[string]string{"email": email, "password": visitorsPassword})
}

// signIn proves a password.
func (v *visitor) signIn(email string) *visitor {
	v.t.Helper()
	return v.open("/sign-in").sees(200, "Sign in").press("Continue", map[string]string{"email": email, "password": visitorsPassword})
}
