package metrics

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"twostep/auth"
	"twostep/auth/oidc"
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

// TestMetrics_FirstEvent: every counter has all its label values before the first event,
// or Prometheus would not see its first increase. A new counter or label is noticed here.
func TestMetrics_FirstEvent(t *testing.T) {
	m, _ := newTestMetrics(t)
	values := map[string][]string{
		"channel": {"email", "sms", "app"}, "twostep_message_deliveries_total outcome": {"sent", "failed", "rejected"},
		"twostep_forward_auth_checks_total outcome": handlers.CheckOutcomes, "pool": {"read", "write"},
		"factor":     {"", "password", "email_code", "sms", "totp", "backup_code", "passkey", "passkey_verified"},
		"grant_type": {"authorization_code", "refresh_token"}, "type": {string(auth.MailedCodesGuessed)},
	}
	rejections := 0
	for route, reasons := range handlers.Rejections() {
		rejections += len(reasons)
		values["route"], values["reason"] = append(values["route"], route), append(values["reason"], reasons...)
	}
	for _, event := range auth.EventTypes {
		values["type"] = append(values["type"], string(event))
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	valuesOf := func(family, label string) []string {
		if own := values[family+" "+label]; own != nil {
			return own
		}
		return values[label]
	}
	counters := 0
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "twostep_") || family.GetType().String() != "COUNTER" {
			continue
		}
		counters++
		want := 1
		for _, label := range family.GetMetric()[0].GetLabel() {
			want *= len(valuesOf(family.GetName(), label.GetName()))
		}
		if family.GetName() == "twostep_http_requests_rejected_total" { // not every route has every reason
			want = rejections
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if !slices.Contains(valuesOf(family.GetName(), label.GetName()), label.GetValue()) {
					t.Errorf("%s has the unknown label %v", family.GetName(), label)
				}
			}
		}
		if got := len(family.GetMetric()); got != want {
			t.Errorf("%s has %d combinations of labels, want %d", family.GetName(), got, want)
		}
	}
	if described := describedCounters(m); counters != described {
		t.Errorf("%d counters exist, of %d", counters, described)
	}
	wantMetrics(t, m, `twostep_account_events_total{factor="",type="mailed_codes_guessed"} 0`,
		`twostep_http_request_duration_seconds_count{route="/sign-in",status="5xx"} 0`)
}

// describedCounters counts the counters that are registered, also those without a value.
func describedCounters(m *Metrics) (n int) {
	descriptions := make(chan *prometheus.Desc, 1000)
	m.registry.Describe(descriptions)
	close(descriptions)
	for d := range descriptions {
		if strings.Contains(d.String(), `"twostep_`) && strings.Contains(d.String(), `_total"`) {
			n++
		}
	}
	return n
}

func TestMetrics(t *testing.T) {
	m, store := newTestMetrics(t)
	observe := m.Handlers()
	observe.ObserveTokens(oidc.CodeGrant)
	observe.ObserveReuse(oidc.RefreshGrant)
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
		`twostep_oauth_tokens_total{grant_type="authorization_code"} 1`,
		`twostep_oauth_reuse_total{grant_type="refresh_token"} 1`,
		`twostep_oauth_logouts{state="failing"} 0`,
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
