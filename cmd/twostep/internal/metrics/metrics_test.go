package metrics

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
	"twostep/cmd/twostep/internal/datadir"
	"twostep/db"
	"twostep/handlers"
)

// A testCourier answers with its error.
type testCourier struct{ err error }

func (c testCourier) Send(context.Context, courier.Message) error { return c.err }

// newTestMetrics counts over an empty database, which it returns too.
func newTestMetrics(t *testing.T) (*Metrics, *db.Store) {
	t.Helper()
	store, _, err := datadir.Dir{Path: t.TempDir()}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return New(store, auth.NewHasher(auth.DefaultCost, 1)), store
}

func TestMetrics(t *testing.T) {
	m, store := newTestMetrics(t)
	watch := m.Handlers()
	watch.ObserveEvent(auth.Event{Type: auth.SignedIn, Factor: auth.TOTPCode, User: "ann", IP: "192.0.2.1"})
	watch.ObserveRequest(handlers.Request{Route: "/sign-in", Status: 422, Reason: string(auth.CodeWrong), Took: time.Second})
	couriers := m.Couriers(map[auth.Channel]courier.Courier{auth.ByEmail: testCourier{}, auth.BySMS: testCourier{errors.New("closed")}})
	for _, carrier := range couriers {
		_ = carrier.Send(t.Context(), courier.Message{})
	}
	_ = m.Couriers(map[auth.Channel]courier.Courier{auth.BySMS: testCourier{&courier.Permanent{Reason: errors.New("no such number")}}})[auth.BySMS].Send(t.Context(), courier.Message{})
	wantCounted(t, m,
		`twostep_account_events_total{factor="totp",type="signed_in"} 1`,
		`twostep_http_request_duration_seconds_sum{route="/sign-in",status="4xx"} 1`,
		`twostep_http_requests_rejected_total{reason="code_wrong",route="/sign-in"} 1`,
		`twostep_message_deliveries_total{channel="email",outcome="sent"} 1`,
		`twostep_message_deliveries_total{channel="sms",outcome="failed"} 1`,
		`twostep_message_deliveries_total{channel="sms",outcome="rejected"} 1`,
		`twostep_outbox_messages{state="waiting"} 0`,
		`twostep_outbox_messages{state="rejected"} 0`,
		`twostep_outbox_messages{state="failing"} 0`,
		`twostep_database_up 1`,
	)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if said := wantCounted(t, m, `twostep_database_up 0`); strings.Contains(said, "twostep_outbox_messages{") {
		t.Error("messages are counted although the database does not answer")
	}
}

// wantCounted checks for lines in what Prometheus would get.
func wantCounted(t *testing.T, m *Metrics, lines ...string) (said string) {
	t.Helper()
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	said = answer.Body.String()
	for _, line := range lines {
		if !strings.Contains(said, "\n"+line+"\n") {
			t.Errorf("%s is missing in\n%s", line, said)
		}
	}
	return said
}
