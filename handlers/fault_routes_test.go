package handlers_test

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"twostep/auth/oidc"
	"twostep/handlers"
)

// An expiringContext is a context whose deadline passes at its nth use, so that each wait
// of a request for the database is once the one that fails.
type expiringContext struct {
	context.Context
	left    atomic.Int64
	expired chan struct{}
}

func newExpiringContext(n int) *expiringContext {
	c := &expiringContext{Context: context.Background(), expired: make(chan struct{})}
	c.left.Store(int64(n))
	return c
}

func (c *expiringContext) Done() <-chan struct{} {
	if c.left.Add(-1) == 0 {
		close(c.expired)
	}
	return c.expired
}

func (c *expiringContext) Err() error {
	select {
	case <-c.Done():
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// Each page and form of each route fails once at each wait for the database. It then shows
// the error page, keeps the cookie, and has done all that it does or nothing. The same
// request succeeds afterwards (LG-05, ST-08, ST-09).
func TestFault_EveryRoute(t *testing.T) {
	for path, has := range handlers.RoutePaths() {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			f := newRouteFixture(t)
			b, at := f.at(path)
			faults := 0
			if has[0] {
				faults += f.failEach(b, http.MethodGet, at, nil, nil)
			}
			if has[1] {
				for _, action := range b.open(cmp.Or(pageOf(path), at)).actions(at) {
					faults += checkFormFaults(t, path, action)
				}
			}
			if faults == 0 {
				t.Error("it was not tested with a fault")
			}
		})
	}
}

// buttons are those that post to a page.
func (b *browser) buttons(at string) *goquery.Selection {
	return b.page.Find("button").FilterFunction(func(_ int, button *goquery.Selection) bool {
		to, values := b.page.Form(button)
		return (to == at || to == "") && values.Has("token")
	})
}

// actions are what they post as action.
func (b *browser) actions(at string) []string {
	return b.buttons(at).Map(func(_ int, button *goquery.Selection) string { return button.AttrOr("value", "") })
}

// filledForm is the form of a button, with its fields filled in.
func (f *routeFixture) filledForm(b *browser, path, at, action string) url.Values {
	button := b.open(cmp.Or(pageOf(path), at)).buttons(at).FilterFunction(func(_ int, button *goquery.Selection) bool { return button.AttrOr("value", "") == action }).First()
	_, form := b.form(button)
	for field := range form {
		if form.Get(field) == "" {
			form.Set(field, f.typed(path, field))
		}
	}
	ask := map[string]func(string, string) (string, error){"create": f.device.Create, "get": f.device.Get}[button.Closest("form").AttrOr("data-passkey", "")]
	if ask != nil {
		posted, err := ask(button.Closest("form").AttrOr("data-options", ""), "https://id.example.org")
		if err != nil {
			f.t.Fatal(err)
		}
		form.Set("credential", posted)
	}
	return form
}

// A formOutcome is a complete response to a form, and the rows that there are afterwards.
type formOutcome struct {
	status  int
	heading string
	counts  string
}

func (f *routeFixture) outcome(got *browser) formOutcome {
	return formOutcome{got.status, got.parse().page.Heading(), f.counts()}
}

// checkFormFaults lets the form of a button fail in all ways, and compares what it does
// with what it does without faults on another site.
func checkFormFaults(t *testing.T, path, action string) (faults int) {
	t.Helper()
	prepare := func() (f *routeFixture, b *browser, at string, form url.Values) {
		f = newRouteFixture(t)
		b, at = f.at(path)
		return f, b, at, f.filledForm(b, path, at, action)
	}
	f, b, at, form := prepare()
	want := f.outcome(b.fetchRaw(http.MethodPost, at, form))
	f, b, at, form = prepare()
	return f.failEach(b, http.MethodPost, at, form, &want)
}

// failEach sends a request with the fault at each wait in turn, until one is complete or
// has changed something although its result was lost.
func (f *routeFixture) failEach(b *browser, method, at string, form url.Values, want *formOutcome) (faults int) {
	f.t.Helper()
	cookie, before := b.cookie(), f.counts()
	for ; ; faults++ {
		if want != nil {
			f.clearLimits() // attempts that fail are counted, too
		}
		b.ctx = newExpiringContext(faults + 1)
		got := b.fetchRaw(method, at, form)
		b.ctx = nil
		if got.status < 500 {
			if want != nil && f.outcome(got) != *want {
				f.t.Errorf("%s %s after %d faults: %v, want %v", method, at, faults, f.outcome(got), *want)
			}
			return faults
		}
		if got.parse(); got.status != http.StatusServiceUnavailable || requestID.FindString(got.text()) == "" || b.cookie() != cookie {
			f.t.Errorf("%s %s: fault %d: %d %s", method, at, faults+1, got.status, got.body)
		}
		if changed := f.counts(); want != nil && changed != before {
			if changed != want.counts {
				f.t.Errorf("%s %s: fault %d: rows %s, before %s, want %s", method, at, faults+1, changed, before, want.counts)
			}
			if again := b.fetchRaw(method, at, form); again.status >= 500 {
				f.t.Errorf("%s %s again: %d %s", method, at, again.status, again.body)
			}
			return faults + 1
		}
	}
}

// A fault is not taken for success if the page that a task leads to could not be stored.
func TestFault_ContinueAfterTask(t *testing.T) {
	f := newRouteFixture(t)
	b, _ := f.at("/account/setup-mfa")
	at := b.fetch(http.MethodGet, oidc.AuthorizePath+"?"+f.app.params().Encode(), nil).header.Get("Location")
	f.failEach(b, http.MethodGet, at, nil, nil)
	if n := f.queryInt("SELECT count(*) FROM sessions WHERE next = $1", at); n != 1 {
		t.Errorf("%s is not where the session continues", at)
	}
}
