package handlers_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"
)

// TestFault_Locked: while another program keeps the database to itself, posts
// end on the page for faults, many at once as soon as one, and pages that only
// read are there; once it has let go everything works (LG-05, ST-09).
func TestFault_Locked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.patience = time.Second
	w.restart()
	in := w.browser().signUp(ann)
	posts := make([]*browser, 5)
	for i := range posts {
		posts[i] = w.browser().open("/sign-in").fill("Email address", ann).fill("Password", password)
	}
	release := w.lock()
	began := time.Now()
	var wait sync.WaitGroup
	for _, b := range posts {
		path, form := b.form(b.button("Continue"))
		wait.Go(func() {
			if lost := b.alone("POST", path, form); lost.status != 503 || requestID.FindString(lost.text()) == "" {
				t.Errorf("%d %s", lost.status, lost.text())
			}
		})
	}
	in.open("/account").sees("Account")
	w.browser().open("/sign-in").sees("Sign in")
	wait.Wait()
	if took := time.Since(began); took > 15*time.Second { // five seconds of SQLite's own, and not five times that
		t.Errorf("it took %v", took)
	}
	release()
	for _, b := range posts {
		b.press("Continue").sees("Account")
	}
}

// lock takes the database for writing as another program could.
func (w *world) lock() (release func()) {
	w.t.Helper()
	other, err := sql.Open("sqlite", "file:"+w.file+"?_txlock=immediate")
	if err != nil {
		w.t.Fatal(err)
	}
	tx, err := other.BeginTx(context.Background(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return func() { tx.Rollback(); other.Close() }
}
