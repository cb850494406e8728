package main

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
	"twostep/db"
	"twostep/handlers"
)

// A testCourier answers with its error.
type testCourier struct{ err error }

func (c testCourier) Send(context.Context, courier.Message) error { return c.err }

// newTestCounts counts over an empty database, which it returns too.
func newTestCounts(t *testing.T) (*counts, *db.Store) {
	t.Helper()
	setUp(t)
	var bad error
	where := place{home: home{Data: "data"}}.read(&bad)
	store, _, err := where.open(t.Context())
	if err = errors.Join(bad, err); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return newCounts(store, auth.NewHasher(auth.DefaultCost, 1)), store
}

func TestCounts(t *testing.T) {
	c, store := newTestCounts(t)
	watch := c.watch()
	watch.ObserveEvent(auth.Event{Type: auth.SignedIn, Factor: auth.TOTPCode, User: "ann", IP: "192.0.2.1"})
	watch.ObserveRequest(handlers.ServedRequest{Route: "/sign-in", Status: 422, Reason: string(auth.CodeWrong), Duration: time.Second})
	couriers := c.couriers(map[auth.Channel]courier.Courier{auth.ByEmail: testCourier{}, auth.BySMS: testCourier{errors.New("closed")}})
	for _, carrier := range couriers {
		_ = carrier.Send(t.Context(), courier.Message{})
	}
	_ = c.couriers(map[auth.Channel]courier.Courier{auth.BySMS: testCourier{&courier.Permanent{Reason: errors.New("no such number")}}})[auth.BySMS].Send(t.Context(), courier.Message{})
	wantCounted(t, c,
		`twostep_account_events_total{factor="totp",what="signed_in"} 1`,
		`twostep_request_duration_seconds_sum{route="/sign-in",status="4xx"} 1`,
		`twostep_refusals_total{reason="code_wrong",route="/sign-in"} 1`,
		`twostep_message_sendings_total{channel="email",outcome="sent"} 1`,
		`twostep_message_sendings_total{channel="sms",outcome="failed"} 1`,
		`twostep_message_sendings_total{channel="sms",outcome="refused"} 1`,
		`twostep_messages{state="waiting"} 0`,
		`twostep_messages{state="refused"} 0`,
		`twostep_messages{state="failing"} 0`,
		`twostep_database_up 1`,
	)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if said := wantCounted(t, c, `twostep_database_up 0`); strings.Contains(said, "twostep_messages{") {
		t.Error("messages are counted although the database does not answer")
	}
}

// wantCounted checks for lines in what Prometheus would get.
func wantCounted(t *testing.T, c *counts, lines ...string) (said string) {
	t.Helper()
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(c.registry, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	said = answer.Body.String()
	for _, line := range lines {
		if !strings.Contains(said, "\n"+line+"\n") {
			t.Errorf("%s is missing in\n%s", line, said)
		}
	}
	return said
}
