package handlers_test

import (
	"context"
	"database/sql"
	"net/http"
	"sync"
	"testing"
	"time"
)

// While another program locks the database, reading works and what writes fails at the
// deadline of its request. Afterwards everything works (LG-05, ST-09).
func TestFault_DatabaseLocked(t *testing.T) {
	t.Parallel()
	w := newWriteFixture(newProgramFixture(t))
	w.requestTimeout = time.Second
	w.restartAll()
	data, counts := w.accountData(), w.counts()
	release := w.lockDatabase()
	began := time.Now()
	got := make([]*browser, len(w.requests))
	var group sync.WaitGroup
	for i, request := range w.requests {
		send := request.sender()
		group.Go(func() { got[i] = send() })
	}
	w.wantReads()
	group.Wait()
	if took := time.Since(began); took > 4*time.Second { // the deadline of a request is one second, SQLite's own five
		t.Errorf("the requests took %v", took)
	}
	release()
	for i, request := range w.requests {
		w.wantFault(request, got[i], http.StatusServiceUnavailable)
	}
	if w.accountData() != data || w.counts() != counts {
		t.Error("something has changed")
	}
	w.wantDone()
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
