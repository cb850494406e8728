package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"twostep/auth"
)

// slow is what a hash costs that takes some tenths of a second, and no memory
// to speak of.
var slow = auth.Cost{Memory: 64, Passes: 3000, Lanes: 1}

// TestThousandSignIns: of a thousand sign-ins at once as many wait as the queue
// has room for; the others get a page that says so, and when to come back,
// while signed-in pages go on. Nothing else changes: the tries of those who were
// not served do not count, and nobody is shut out by them (RL-09).
func TestThousandSignIns(t *testing.T) {
	w := newWorld(t)
	reader := w.browser().signUp("reader@example.org")
	owner := w.browser().signUp(ann)
	owner.press("Sign out")
	for range 3 {
		owner.try(ann, notPassword).refused(422)
	}
	w.slots, w.cost = 1, slow
	w.restart()
	before := w.facts()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()

	const all = 1000
	answers := make(chan string, all)
	var flood sync.WaitGroup
	post := func(b *browser, email string, answers chan<- string) {
		path, form := b.form(b.button("Continue"))
		form.Set("email", email)
		form.Set("password", password)
		b.context = ctx
		flood.Go(func() {
			status, wait, text := b.answer(path, form)
			switch {
			case status == http.StatusServiceUnavailable && wait > 0 && strings.Contains(text, "More people are signing in") && strings.Contains(text, "Try again in"):
				answers <- "busy"
			case status == http.StatusUnprocessableEntity && strings.Contains(text, "is not right"):
				answers <- "looked at"
			case status == http.StatusServiceUnavailable && ctx.Err() != nil:
				answers <- "left"
			case status == http.StatusSeeOther:
				answers <- "served"
			default:
				answers <- fmt.Sprintf("%d after %v: %s", status, wait, text)
			}
		})
	}
	page := w.browser().open("/sign-in")
	for i := range all {
		post(page.from(fmt.Sprintf("10.1.%d.%d:1", i/250, i%250)), fmt.Sprintf("nobody%d@example.org", i), answers)
	}
	got := map[string]int{}
	for range all - auth.HashQueue { // the others wait in line
		got[<-answers]++
	}
	if got["busy"] < all/3 || got["busy"]+got["looked at"] != all-auth.HashQueue {
		t.Errorf("the first answers: %v", got)
	}
	reader.open("/account").sees("Account").open("/account/activity").sees("Activity")
	late, later, newcomer := make(chan string, 1), make(chan string, 1), w.browser().open("/sign-up")
	post(owner.from(owner.address), ann, late)
	post(newcomer.from(newcomer.address), "new@example.org", later)
	for len(late) == 0 && w.count("SELECT count FROM rate_limits WHERE key LIKE 'failures/password/known/%'") == 3 {
		runtime.Gosched() // until the owner's try was counted, or answered
	}
	leave() // who still waits goes home
	flood.Wait()
	close(answers)
	for answer := range answers {
		got[answer]++
	}
	if got["busy"]+got["looked at"]+got["left"] != all || got["looked at"] == 0 {
		t.Errorf("the answers: %v", got)
	}
	if w.facts() != before {
		t.Error("the flood changed something")
	}
	switch answer := <-late; answer {
	case "busy", "left":
		owner.try(ann, notPassword).refused(422) // the fourth that counts; a fifth would have meant a wait
		owner.firstStep(ann).sees("Account")
	case "served": // this machine is so slow that the whole line went home before
		owner.open("/account").sees("Account")
	default:
		t.Errorf("the owner: %s", answer)
	}
	switch answer := <-later; answer {
	case "busy", "left":
		newcomer.fill("Email address", "new@example.org").fill("Password", password).press("Continue").sees("Verify your email")
	case "served":
		newcomer.open("/sign-up").sees("Verify your email")
	default:
		t.Errorf("the newcomer: %s", answer)
	}
	if strings.Contains(w.log.String(), "level=ERROR") {
		t.Error("being busy was logged as a fault")
	}
}

// TestVisitorWhoLeft: who goes away while he waits is no fault of ours, and
// fills no log with errors (RL-09, LG-01).
func TestVisitorWhoLeft(t *testing.T) {
	w := newWorld(t)
	b := w.browser().open("/sign-in").fill("Email address", ann).fill("Password", notPassword)
	path, form := b.form(b.button("Continue"))
	gone, leave := context.WithCancel(t.Context())
	leave()
	b.context = gone
	b.request(http.MethodPost, path, form, nil)
	if log := w.log.String(); strings.Contains(log, "level=ERROR") || !strings.Contains(log, "reason=left") {
		t.Errorf("the log says:\n%s", log)
	}
}

// TestBodies: what no form weighs is refused before it costs anything, and
// changes nothing (RL-09).
func TestBodies(t *testing.T) {
	w := newWorld(t)
	b := w.browser().open("/sign-in")
	path, form := b.form(b.button("Continue"))
	form.Set("email", ann)
	tries := w.count("SELECT count(*) FROM rate_limits")
	for name, grow := range map[string]func(){
		"a megabyte":  func() { form.Set("password", strings.Repeat("x", 1<<20)) },
		"64 KiB":      func() { form.Set("password", strings.Repeat("x", 64<<10)) },
		"many fields": func() { form["password"] = make([]string, 201) },
		"many names": func() {
			form.Set("password", "x")
			for i := range 201 {
				form.Set(fmt.Sprint(i), "x")
			}
		},
	} {
		grow()
		b.load(http.MethodPost, path, form).sees("Too much was sent")
		if b.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", name, b.status)
		}
	}
	if w.count("SELECT count(*) FROM rate_limits") != tries {
		t.Error("it was counted as a try")
	}
}
