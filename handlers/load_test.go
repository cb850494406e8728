package handlers_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"

	"twostep/auth"
)

// slowHash takes some tenths of a second and little memory.
var slowHash = auth.Cost{Memory: 64, Passes: 3000, Lanes: 1}

// Of a thousand concurrent sign-ins, as many wait as fit into the queue. The others
// get a page with Retry-After, and pages of signed-in users still work. Sign-ins that
// were not served do not count as failures (RL-09).
func TestHashQueue_ThousandSignIns(t *testing.T) {
	site := newSite(t)
	reader := site.browser().signUp("reader@example.org")
	owner := site.browser().signUp(ann)
	owner.press("Sign out")
	for range 3 {
		owner.signInWith(ann, wrongPassword).wantError(422)
	}
	site.hashSlots, site.hashCost = 1, slowHash
	site.restart()
	before := site.accountData()
	ctx, disconnect := context.WithCancel(t.Context())
	defer disconnect()

	const all = 1000
	results := make(chan string, all)
	var group sync.WaitGroup
	post := func(b *browser, email string, results chan<- string) {
		path, form := b.form(b.button("Continue"))
		form.Set("email", email)
		form.Set("password", password)
		b.ctx = ctx
		group.Go(func() {
			status, retryAfter, text := b.post(path, form)
			switch {
			case status == http.StatusServiceUnavailable && retryAfter > 0 && strings.Contains(text, "We are busy right now") && strings.Contains(text, "Try again in"):
				results <- "busy"
			case status == http.StatusUnprocessableEntity && strings.Contains(text, "is incorrect"):
				results <- "verified"
			case status == http.StatusServiceUnavailable && ctx.Err() != nil:
				results <- "disconnected"
			case status == http.StatusSeeOther:
				results <- "served"
			default:
				results <- fmt.Sprintf("%d after %v: %s", status, retryAfter, text)
			}
		})
	}
	page := site.browser().open("/sign-in")
	for i := range all {
		post(page.from(fmt.Sprintf("10.%d.%d.1:1", i/250, i%250)), fmt.Sprintf("nobody%d@example.org", i), results)
	}
	got := map[string]int{}
	for range all - auth.HashQueue { // the others are queued
		got[<-results]++
	}
	if got["busy"] < all/3 || got["busy"]+got["verified"] != all-auth.HashQueue {
		t.Errorf("first results: %v", got)
	}
	reader.open("/account").wantHeading("Account").open("/account/activity").wantHeading("Activity")
	ownerResult, newcomerResult, newcomer := make(chan string, 1), make(chan string, 1), site.browser().open("/sign-up")
	post(owner.from(owner.remoteAddr), ann, ownerResult)
	post(newcomer.from(newcomer.remoteAddr), "new@example.org", newcomerResult)
	for len(ownerResult) == 0 && site.queryInt("SELECT count FROM rate_limits WHERE key LIKE 'failures/password/known/%'") == 3 {
		runtime.Gosched() // until the owner's attempt is counted, or has a response
	}
	disconnect() // everyone still in the queue
	group.Wait()
	close(results)
	for result := range results {
		got[result]++
	}
	if got["busy"]+got["verified"]+got["disconnected"] != all || got["verified"] == 0 {
		t.Errorf("results: %v", got)
	}
	site.wantAccountData(before)
	switch result := <-ownerResult; result {
	case "busy", "disconnected":
		owner.signInWith(ann, wrongPassword).wantError(422) // the fourth failure; a fifth would be limited
		owner.signIn(ann).wantHeading("Account")
	case "served": // on a slow machine, the queue is empty by now
		owner.open("/account").wantHeading("Account")
	default:
		t.Errorf("owner: %s", result)
	}
	switch result := <-newcomerResult; result {
	case "busy", "disconnected":
		newcomer.enterCredentials("new@example.org", password).wantHeading("Verify your email")
	case "served":
		newcomer.open("/sign-up").wantHeading("Verify your email")
	default:
		t.Errorf("newcomer: %s", result)
	}
	if strings.Contains(site.log.String(), "level=ERROR") {
		t.Error("a full queue was logged as an error")
	}
}

// A client that disconnects while it waits is not logged as an error (RL-09, LG-01).
func TestHashQueue_ClientDisconnects(t *testing.T) {
	site := newSite(t)
	b := site.browser().open("/sign-in").fill("Email address", ann).fill("Password", wrongPassword)
	path, form := b.form(b.button("Continue"))
	ctx, disconnect := context.WithCancel(t.Context())
	disconnect()
	b.ctx = ctx
	b.request(http.MethodPost, path, form, nil)
	if log := site.log.String(); strings.Contains(log, "level=ERROR") || !strings.Contains(log, "reason=left") {
		t.Errorf("logged:\n%s", log)
	}
}

// A body too large for any form is refused before it costs anything (RL-09).
func TestForm_TooLarge(t *testing.T) {
	site := newSite(t)
	b := site.browser().open("/sign-in")
	path, form := b.form(b.button("Continue"))
	form.Set("email", ann)
	before := site.limitCount()
	for name, grow := range map[string]func(form url.Values){
		"a megabyte":  func(form url.Values) { form.Set("password", strings.Repeat("x", 1<<20)) },
		"64 KiB":      func(form url.Values) { form.Set("password", strings.Repeat("x", 64<<10)) },
		"many fields": func(form url.Values) { form["password"] = make([]string, 201) },
		"many names": func(form url.Values) {
			form.Set("password", "x")
			for i := range 201 {
				form.Set(fmt.Sprint(i), "x")
			}
		},
	} {
		form := maps.Clone(form)
		grow(form)
		b.load(http.MethodPost, path, form).wantHeading("That was too long")
		if b.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", name, b.status)
		}
	}
	chunked := httptest.NewRequest(http.MethodPost, site.origin+path, io.MultiReader(strings.NewReader(strings.Repeat("x", 65<<10)))) // no Content-Length
	chunked.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if response := b.send(chunked); response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("chunked: %d", response.StatusCode)
	}
	if site.limitCount() != before {
		t.Error("it counts toward a rate limit")
	}
}
