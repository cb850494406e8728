package main

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

// counts is what an operator watches, by numbers alone: no name of a counter
// holds anything that a visitor has sent, nor who it was about.
type counts struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	events   *prometheus.CounterVec
	sendings *prometheus.CounterVec
}

func newCounts(store *db.Store, hasher *auth.Hasher) *counts {
	c := &counts{
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
		sendings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "twostep_message_sendings_total", Help: "Messages handed to a courier, by channel and outcome: sent, failed, or refused for good.",
		}, []string{"channel", "outcome"}),
	}
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "twostep_hash_waiting", Help: fmt.Sprintf("Sign-ins that wait for their turn at the password hasher; %d is the most.", auth.HashQueue),
	}, func() float64 { return float64(hasher.Waiting()) })
	c.registry.MustRegister(
		c.requests, c.refusals, c.events, c.sendings, waiting, newStoreCounts(store),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	return c
}

// watch is what counts on the site.
func (c *counts) watch() handlers.Metrics {
	return handlers.Metrics{
		ObserveRequest: func(a handlers.ServedRequest) {
			c.requests.WithLabelValues(a.Route, strconv.Itoa(a.Status/100)+"xx").Observe(a.Duration.Seconds())
			if a.Reason != "" {
				c.refusals.WithLabelValues(a.Route, a.Reason).Inc()
			}
		},
		ObserveEvent: func(e auth.Event) { c.events.WithLabelValues(string(e.Type), string(e.Factor)).Inc() },
	}
}

// couriers counts what goes by couriers.
func (c *counts) couriers(all map[auth.Channel]courier.Courier) map[auth.Channel]courier.Courier {
	counted := map[auth.Channel]courier.Courier{}
	for channel, carrier := range all {
		counted[channel] = countedCourier{carrier, c.sendings.MustCurryWith(prometheus.Labels{"channel": string(channel)})}
	}
	return counted
}

type countedCourier struct {
	courier.Courier
	sendings *prometheus.CounterVec
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
	c.sendings.WithLabelValues(outcome).Inc()
	return err
}
