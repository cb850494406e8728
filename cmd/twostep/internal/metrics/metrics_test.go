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

// A testCourier returns its error.
type testCourier struct{ err error }

func (c testCourier) Send(context.Context, courier.Message) error { return c.err }

// newTestMetrics returns the metrics of an empty database.
func newTestMetrics(t *testing.T) (*Metrics, *db.Store) {
	t.Helper()
	store, _, err := datadir.Dir{Path: t.TempDir()}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return New(store, auth.NewHasher(auth.DefaultCost, 1)), store
}

// TestMetrics_FirstEvent: each event, rejection and delivery has a counter before it
// first happens, or Prometheus would not see its first increase.
func TestMetrics_FirstEvent(t *testing.T) {
	m, _ := newTestMetrics(t)
	var want []string
	for _, event := range auth.EventTypes {
		want = append(want, `twostep_account_events_total{factor="",type="`+string(event)+`"} 0`)
	}
	for _, reason := range auth.Reasons {
		want = append(want, `twostep_http_requests_rejected_total{reason="`+string(reason)+`",route="/sign-in"} 0`)
	}
	wantMetrics(t, m, append(want,
		`twostep_account_events_total{factor="totp",type="second_factor_failed"} 0`,
		`twostep_message_deliveries_total{channel="email",outcome="rejected"} 0`,
		`twostep_message_deliveries_total{channel="sms",outcome="sent"} 0`,
		`twostep_http_request_duration_seconds_count{route="/sign-in",status="5xx"} 0`,
	)...)
}

func TestMetrics(t *testing.T) {
	m, store := newTestMetrics(t)
	observe := m.Handlers()
	observe.ObserveEvent(auth.Event{Type: auth.SignedIn, Factor: auth.TOTPCode, User: "ann", IP: "192.0.2.1"})
	observe.ObserveRequest(handlers.ServedRequest{Route: "/sign-in", Status: 422, Reason: string(auth.CodeWrong), Duration: time.Second})
	couriers := m.Couriers(map[auth.Channel]courier.Courier{auth.ByEmail: testCourier{}, auth.BySMS: testCourier{errors.New("closed")}})
	for _, c := range couriers {
		_ = c.Send(t.Context(), courier.Message{})
	}
	_ = m.Couriers(map[auth.Channel]courier.Courier{auth.BySMS: testCourier{&courier.Permanent{Reason: errors.New("no such number")}}})[auth.BySMS].Send(t.Context(), courier.Message{})
	wantMetrics(t, m,
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
	if text := wantMetrics(t, m, `twostep_database_up 0`); strings.Contains(text, "twostep_outbox_messages{") {
		t.Error("messages are counted although the database does not answer")
	}
}

// wantMetrics checks for lines in the response to Prometheus.
func wantMetrics(t *testing.T, m *Metrics, lines ...string) (text string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	text = recorder.Body.String()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
	return text
}
