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

// A line of slow hashes keeps the hasher at work until it is released; each
// leaves when it is its turn or when the line is sent away.
type line struct {
	w    *world
	ctx  context.Context
	away context.CancelFunc
	wait sync.WaitGroup
}

// slowHash takes some tenths of a second to check, and no memory to speak of.
var slowHash = "$argon2id$v=19$m=64,t=4000,p=1$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43)

func (w *world) holdHasher() *line {
	l := &line{w: w}
	l.ctx, l.away = context.WithCancel(context.Background())
	for range 30 {
		l.wait.Go(func() { w.hasher.Check(l.ctx, slowHash, "anything") })
	}
	return l
}

// fill takes every place in the queue that is left, and those that become free.
func (l *line) fill() {
	full := make(chan struct{})
	var once sync.Once
	for range auth.HashQueue + 1 {
		l.wait.Go(func() {
			if _, _, err := l.w.hasher.Check(l.ctx, slowHash, "anything"); err == nil || l.ctx.Err() != nil {
				return
			}
			first := false
			once.Do(func() { first = true })
			if first {
				close(full)
			}
			for first && l.ctx.Err() == nil {
				l.w.hasher.Check(l.ctx, slowHash, "anything")
				runtime.Gosched()
			}
		})
	}
	<-full
}

func (l *line) release() {
	l.away()
	l.wait.Wait()
}

// TestThousandSignIns: of a thousand sign-ins at once as many wait as the queue
// has room for; the others get a page that says so, and when to come back,
// while signed-in pages go on. Nothing else changes: the tries of those who were
// not served do not count, and nobody is shut out by them (RL-09).
func TestThousandSignIns(t *testing.T) {
	w := newWorld(t)
	reader := w.browser().signUp("reader@example.org")
	owner := w.browser().signUp(ann)
	owner.press("Sign out")
	w.slots = 1
	w.restart()
	page := w.browser().open("/sign-in")
	path, form := page.form(page.button("Continue"))
	before := w.facts()
	held := w.holdHasher()
	defer held.release()

	const all = 1000
	answers := make(chan string, all)
	var flood sync.WaitGroup
	for i := range all {
		sent := map[string][]string{"token": form["token"], "action": form["action"], "email": {fmt.Sprintf("nobody%d@example.org", i)}, "password": {notPassword}}
		from := page.from(fmt.Sprintf("10.1.%d.%d:1", i/250, i%250))
		flood.Go(func() {
			status, wait, text := from.answer(path, sent)
			switch {
			case status == http.StatusServiceUnavailable && wait > 0 && strings.Contains(text, "More people are signing in") && strings.Contains(text, "Try again in"):
				answers <- "busy"
			case status == http.StatusUnprocessableEntity && strings.Contains(text, "is not right"):
				answers <- "looked at"
			default:
				answers <- fmt.Sprintf("%d after %v: %s", status, wait, text)
			}
		})
	}
	got := map[string]int{}
	for range all - auth.HashQueue { // the others wait in line
		got[<-answers]++
	}
	if got["busy"] < 400 { // some came before the line was full
		t.Errorf("of the first %d answers %v", all-auth.HashQueue, got)
	}
	held.fill()
	reader.open("/account").sees("Account").open("/account/activity").sees("Activity")
	for range 6 {
		owner.firstStep(ann).refused(http.StatusServiceUnavailable).reads("More people are signing in")
	}
	newcomer := w.browser().open("/sign-up").fill("Email address", "new@example.org").fill("Password", password).press("Continue").refused(503)
	held.release()
	flood.Wait()
	close(answers)
	for answer := range answers {
		got[answer]++
	}
	if got["busy"]+got["looked at"] != all || got["looked at"] < auth.HashQueue/2 {
		t.Errorf("the answers: %v", got)
	}
	if w.facts() != before {
		t.Error("the flood changed something")
	}
	owner.firstStep(ann).sees("Account") // at once
	newcomer.fill("Email address", "new@example.org").fill("Password", password).press("Continue").sees("Verify your email")
	if strings.Contains(w.log.String(), "level=ERROR") {
		t.Error("being busy was logged as a fault")
	}
}

// TestVisitorWhoLeft: who goes away while he waits is no fault of ours, and
// fills no log with errors (RL-09, LG-01).
func TestVisitorWhoLeft(t *testing.T) {
	w := newWorld(t)
	w.slots = 1
	w.restart()
	b := w.browser().open("/sign-in").fill("Email address", ann).fill("Password", notPassword)
	path, form := b.form(b.button("Continue"))
	defer w.holdHasher().release()
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
	tries := w.count("SELECT count(*) FROM tries")
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
	if w.count("SELECT count(*) FROM tries") != tries {
		t.Error("it was counted as a try")
	}
}
