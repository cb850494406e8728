package handlers_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"twostep/db"
	"twostep/db/dbtest"
)

// PostgreSQL commits, but the connection ends before it says so. The client gets the response
// for a fault, and cannot know what is stored. If it sends the same request again, it gets
// what it would get for one that was answered before, and nothing is done twice: a user whose
// code was consumed is signed in, and an app has to ask for another code (LG-05, ST-08, OI-08).
func TestFault_CommitLost(t *testing.T) {
	t.Parallel()
	want := newWriteFixture(newProgramFixture(t)).wantDone()
	site, relay := newRelayedSite(t)
	w := newWriteFixture(newProgramFixtureOn(newRouteFixtureOn(site)))
	w.handler, w.forwardAuth = thenPass(relay, w.handler), thenPass(relay, w.forwardAuth)
	for i, request := range w.requests {
		if lost := w.loseCommit(relay, request); lost == 0 {
			t.Errorf("%s: no commit was lost", request.name)
		}
		w.clearLimits()
		if got := request.sent(); got.status != request.again {
			t.Errorf("%s again: %d %s", request.name, got.status, got.body)
		}
		if got := w.counts(); got != want[i] {
			t.Errorf("%s: rows %s, want %s", request.name, got, want[i])
		}
	}
}

// loseCommit sends a request again and again, and loses the first commit, then the second, until
// one that was lost has changed a fact, or none was lost.
func (w *writeFixture) loseCommit(relay *dbtest.Relay, request writingRequest) (lost int) {
	w.t.Helper()
	for before := w.counts(); ; lost++ {
		w.clearLimits()
		var n atomic.Int64
		relay.Judge(func(m dbtest.Message) dbtest.Fate {
			if m.FromServer && m.Kind == 'C' && string(m.Body) == "COMMIT\x00" && n.Add(1) == int64(lost+1) {
				return dbtest.Cut
			}
			return dbtest.Pass
		})
		got := request.sent()
		if got.status < http.StatusInternalServerError {
			if got.status != request.status {
				w.t.Errorf("%s: %d %s", request.name, got.status, got.body)
			}
			return lost
		}
		w.wantFault(request, got, http.StatusInternalServerError)
		if w.counts() != before {
			return lost + 1
		}
	}
}

// thenPass lets a relay pass on everything once a request is served.
func thenPass(relay *dbtest.Relay, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer relay.Judge(func(dbtest.Message) dbtest.Fate { return dbtest.Pass })
		handler.ServeHTTP(w, r)
	})
}

// newRelayedSite starts a site that reaches PostgreSQL through a relay.
func newRelayedSite(t *testing.T) (*testSite, *dbtest.Relay) {
	t.Helper()
	server := startPostgres(t)
	relay, err := server.StartRelay(5433)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { relay.Stop() })
	site := newTestSite(t)
	site.postgres = server.URL("postgres")
	if site.store, err = db.OpenPostgres(context.Background(), relay.URL("postgres"), site.keys); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.store.Close() })
	return site, relay
}
