package handlers_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"
)

// While another program locks the database, reading works and posts fail with the error
// page at the deadline of their requests. Afterwards everything works (LG-05,
// ST-09).
func TestFault_DatabaseLocked(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	site.requestTimeout = time.Second
	site.restart()
	in := site.browser().signUp(ann)
	posts := make([]*browser, 5)
	for i := range posts {
		posts[i] = site.browser().open("/sign-in").fill("Email address", ann).fill("Password", password)
	}
	release := site.lockDatabase()
	began := time.Now()
	var group sync.WaitGroup
	for _, b := range posts {
		path, form := b.form(b.button("Continue"))
		group.Go(func() {
			if got := b.fetch("POST", path, form); got.status != 503 || requestID.FindString(got.text()) == "" {
				t.Errorf("%d %s", got.status, got.text())
			}
		})
	}
	in.open("/account").wantHeading("Account")
	site.browser().open("/sign-in").wantHeading("Sign in")
	group.Wait()
	if took := time.Since(began); took > 4*time.Second { // the deadline of a request is one second, SQLite's own five
		t.Errorf("five posts took %v", took)
	}
	release()
	for _, b := range posts {
		b.press("Continue").wantHeading("Account")
	}
}

// lockDatabase locks the database for writing, as another program could.
func (site *testSite) lockDatabase() (release func()) {
	site.t.Helper()
	other, err := sql.Open("sqlite", "file:"+site.file+"?_txlock=immediate")
	if err != nil {
		site.t.Fatal(err)
	}
	tx, err := other.BeginTx(context.Background(), nil)
	if err != nil {
		site.t.Fatal(err)
	}
	return func() { tx.Rollback(); other.Close() }
}
