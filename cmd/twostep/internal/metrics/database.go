package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"twostep/db"
)

// A databaseCollector reads the state of the database when Prometheus asks for
// it. While the database does not answer, it reports only that.
type databaseCollector struct {
	store       *db.Store
	up          *prometheus.Desc
	messages    *prometheus.Desc
	connections *prometheus.Desc
	waits       *prometheus.Desc
	waitTime    *prometheus.Desc
}

func newDatabaseCollector(store *db.Store) databaseCollector {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("twostep_"+name, help, labels, nil)
	}
	return databaseCollector{
		store:       store,
		up:          describe("database_up", "Whether the database answers."),
		messages:    describe("messages", "Messages in the queue: waiting (all of them), failing (those that could not be sent at least once), and refused for good in the last day.", "state"),
		connections: describe("database_connections", "Connections to the database: most, open, and in_use.", "pool", "state"),
		waits:       describe("database_waits_total", "How often somebody waited for a connection.", "pool"),
		waitTime:    describe("database_wait_seconds_total", "How long they waited, all in all.", "pool"),
	}
}

// Describe implements [prometheus.Collector].
func (c databaseCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.messages, c.connections, c.waits, c.waitTime} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c databaseCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	counter := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
	}
	for name, pool := range c.store.Pools() {
		gauge(c.connections, float64(pool.Max), name, "most")
		gauge(c.connections, float64(pool.Open), name, "open")
		gauge(c.connections, float64(pool.InUse), name, "in_use")
		counter(c.waits, float64(pool.Waits), name)
		counter(c.waitTime, pool.WaitTime.Seconds(), name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	waiting, failing, refused, err := c.store.CountMessages(ctx)
	if err != nil {
		gauge(c.up, 0)
		return
	}
	gauge(c.up, 1)
	gauge(c.messages, float64(waiting), "waiting")
	gauge(c.messages, float64(failing), "failing")
	gauge(c.messages, float64(refused), "refused")
}
