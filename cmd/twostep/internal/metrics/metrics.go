// Package metrics counts what an operator watches and serves the numbers to
// Prometheus. No metric or label holds anything that a client chose, nor whom
// it was about.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/cmd/twostep/courier"
	"twostep/db"
	"twostep/handlers"
)

// Metrics are the metrics of one server.
type Metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.HistogramVec
	rejections *prometheus.CounterVec
	events     *prometheus.CounterVec
	deliveries *prometheus.CounterVec
	checks     *prometheus.CounterVec
	tokens     *prometheus.CounterVec
	reuse      *prometheus.CounterVec
}

// New returns the metrics of a server on a store.
func New(store *db.Store, hasher *auth.Hasher) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "twostep_http_request_duration_seconds", Help: "Duration of requests, by route and class of status code.",
			Buckets: prometheus.DefBuckets,
		}, []string{"route", "status"}),
		rejections: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twostep_http_requests_rejected_total", Help: "Rejected requests, by route and reason, as in the log.",
		}, []string{"route", "reason"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twostep_account_events_total", Help: "Account events, by type and by the factor that was used.",
		}, []string{"type", "factor"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twostep_message_deliveries_total", Help: "Attempts to deliver a message, by channel and outcome: sent, failed (and retried) or rejected (by the provider, not retried).",
		}, []string{"channel", "outcome"}),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twostep_forward_auth_checks_total", Help: "Requests that a proxy asked about, by outcome, as in the log.",
		}, []string{"outcome"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twostep_oauth_tokens_total", Help: "Responses to apps with tokens, by grant type.",
		}, []string{"grant_type"}),
		reuse: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twostep_oauth_reuse_total", Help: "Codes and refresh tokens that were used again, after which everything issued with them has ended, by grant type.",
		}, []string{"grant_type"}),
	}
	m.initialize()
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "twostep_password_hash_queue_length", Help: fmt.Sprintf("Requests that wait for the password hasher; at most %d.", auth.HashQueue),
	}, func() float64 { return float64(hasher.Waiting()) })
	m.registry.MustRegister(
		m.requests, m.rejections, m.events, m.deliveries, m.checks, m.tokens, m.reuse, waiting, newDatabaseCollector(store),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	return m
}

// factors are the values of the factor label, empty for an event without one.
var factors = []auth.FactorKind{"", auth.Password, auth.EmailCode, auth.PhoneCode, auth.TOTPCode, auth.BackupCode, auth.PasskeyPresent, auth.PasskeyVerified}

// initialize sets the counters that an alert may watch to zero: Prometheus does not
// see the first increase of a counter that did not exist before.
func (m *Metrics) initialize() {
	for _, event := range auth.ObservedEvents {
		for _, factor := range factors {
			m.events.WithLabelValues(string(event), string(factor))
		}
	}
	for route, reasons := range handlers.Rejections() {
		m.requests.WithLabelValues(route, "5xx")
		for _, reason := range reasons {
			m.rejections.WithLabelValues(route, reason)
		}
	}
	for _, outcome := range handlers.CheckOutcomes {
		m.checks.WithLabelValues(outcome)
	}
	for _, grant := range oidc.GrantTypes {
		m.tokens.WithLabelValues(string(grant))
		m.reuse.WithLabelValues(string(grant))
	}
	for _, channel := range auth.Channels {
		for _, outcome := range []string{"sent", "failed", "rejected"} {
			m.deliveries.WithLabelValues(string(channel), outcome)
		}
	}
}

// Handlers returns the functions that handlers report to.
func (m *Metrics) Handlers() handlers.Metrics {
	return handlers.Metrics{
		ObserveRequest: func(r handlers.ServedRequest) {
			m.requests.WithLabelValues(r.Route, strconv.Itoa(r.Status/100)+"xx").Observe(r.Duration.Seconds())
			if r.Reason != "" {
				m.rejections.WithLabelValues(r.Route, r.Reason).Inc()
			}
		},
		ObserveTokens: func(grant oidc.GrantType) { m.tokens.WithLabelValues(string(grant)).Inc() },
		ObserveReuse:  func(grant oidc.GrantType) { m.reuse.WithLabelValues(string(grant)).Inc() },
		ObserveCheck:  func(outcome string) { m.checks.WithLabelValues(outcome).Inc() },
		ObserveEvent:  func(e auth.Event) { m.events.WithLabelValues(string(e.Type), string(e.Factor)).Inc() },
	}
}

// Couriers wraps couriers so that what they send is counted.
func (m *Metrics) Couriers(couriers map[auth.Channel]courier.Courier) map[auth.Channel]courier.Courier {
	counted := map[auth.Channel]courier.Courier{}
	for channel, c := range couriers {
		counted[channel] = countedCourier{c, m.deliveries.MustCurryWith(prometheus.Labels{"channel": string(channel)})}
	}
	return counted
}

type countedCourier struct {
	courier.Courier
	deliveries *prometheus.CounterVec
}

// Send implements [courier.Courier].
func (c countedCourier) Send(ctx context.Context, m courier.Message) error {
	err := c.Courier.Send(ctx, m)
	outcome := "sent"
	if _, permanent := errors.AsType[*courier.Permanent](err); permanent {
		outcome = "rejected"
	} else if err != nil {
		outcome = "failed"
	}
	c.deliveries.WithLabelValues(outcome).Inc()
	return err
}
