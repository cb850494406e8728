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
	"twostep/cmd/twostep/courier"
	"twostep/db"
	"twostep/handlers"
)

// Metrics are the metrics of one server.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	events   *prometheus.CounterVec
	messages *prometheus.CounterVec
}

// New returns the metrics of a server on a store.
func New(store *db.Store, hasher *auth.Hasher) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "twostep_request_duration_seconds", Help: "Requests answered, by route and class of status, and how long they took.",
			Buckets: prometheus.DefBuckets,
		}, []string{"route", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twostep_refusals_total", Help: "Requests refused, by route and reason, as the log has them.",
		}, []string{"route", "reason"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twostep_account_events_total", Help: "What happened to accounts, and by which factor it was proved.",
		}, []string{"what", "factor"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twostep_message_sendings_total", Help: "Messages handed to a courier, by channel and outcome: sent, failed, or refused for good.",
		}, []string{"channel", "outcome"}),
	}
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "twostep_hash_waiting", Help: fmt.Sprintf("Sign-ins that wait for their turn at the password hasher; %d is the most.", auth.HashQueue),
	}, func() float64 { return float64(hasher.Waiting()) })
	m.registry.MustRegister(
		m.requests, m.refusals, m.events, m.messages, waiting, newDatabaseCollector(store),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	return m
}

// Handlers returns the functions that handlers report to.
func (m *Metrics) Handlers() handlers.Metrics {
	return handlers.Metrics{
		ObserveRequest: func(r handlers.Request) {
			m.requests.WithLabelValues(r.Route, strconv.Itoa(r.Status/100)+"xx").Observe(r.Took.Seconds())
			if r.Reason != "" {
				m.refusals.WithLabelValues(r.Route, r.Reason).Inc()
			}
		},
		ObserveEvent: func(e auth.Event) { m.events.WithLabelValues(string(e.Type), string(e.Factor)).Inc() },
	}
}

// Couriers wraps couriers so that what they send is counted.
func (m *Metrics) Couriers(couriers map[auth.Channel]courier.Courier) map[auth.Channel]courier.Courier {
	counted := map[auth.Channel]courier.Courier{}
	for channel, c := range couriers {
		counted[channel] = countedCourier{c, m.messages.MustCurryWith(prometheus.Labels{"channel": string(channel)})}
	}
	return counted
}

type countedCourier struct {
	courier.Courier
	messages *prometheus.CounterVec
}

// Send implements [courier.Courier].
func (c countedCourier) Send(ctx context.Context, m courier.Message) error {
	err := c.Courier.Send(ctx, m)
	outcome := "sent"
	if _, permanent := errors.AsType[*courier.Permanent](err); permanent {
		outcome = "refused"
	} else if err != nil {
		outcome = "failed"
	}
	c.messages.WithLabelValues(outcome).Inc()
	return err
}
