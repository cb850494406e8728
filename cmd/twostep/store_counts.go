package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"twostep/db"
)

// storeCounts reads from the database when it is asked. While that does not
// answer, it says so and leaves the rest out.
type storeCounts struct {
	store       *db.Store
	up          *prometheus.Desc
	messages    *prometheus.Desc
	connections *prometheus.Desc
	waits       *prometheus.Desc
	waited      *prometheus.Desc
}

func newStoreCounts(store *db.Store) storeCounts {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("twostep_"+name, help, labels, nil)
	}
	return storeCounts{
		store:       store,
		up:          describe("database_up", "Whether the database answers."),
		messages:    describe("messages", "Messages in the queue: waiting (all of them), failing (those that could not be sent at least once), and refused for good in the last day.", "state"),
		connections: describe("database_connections", "Connections to the database: most, open, and in_use.", "pool", "state"),
		waits:       describe("database_waits_total", "How often somebody waited for a connection.", "pool"),
		waited:      describe("database_wait_seconds_total", "How long they waited, all in all.", "pool"),
	}
}

// Describe implements [prometheus.Collector].
func (s storeCounts) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.up, s.messages, s.connections, s.waits, s.waited} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (s storeCounts) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	counter := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
	}
	for name, pool := range s.store.Pools() {
		gauge(s.connections, float64(pool.Max), name, "most")
		gauge(s.connections, float64(pool.Open), name, "open")
		gauge(s.connections, float64(pool.InUse), name, "in_use")
		counter(s.waits, float64(pool.Waits), name)
		counter(s.waited, pool.WaitTime.Seconds(), name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), metricsWithin)
	defer cancel()
	waiting, failing, refused, err := s.store.CountMessages(ctx)
	if err != nil {
		gauge(s.up, 0)
		return
	}
	gauge(s.up, 1)
	gauge(s.messages, float64(waiting), "waiting")
	gauge(s.messages, float64(failing), "failing")
	gauge(s.messages, float64(refused), "refused")
}
