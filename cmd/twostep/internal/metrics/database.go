package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"twostep/db"
)

// A databaseCollector reads the state of the database when Prometheus asks for
// it. While the database does not answer, it reports only that.
type databaseCollector struct {
	store    *db.Store
	up       *prometheus.Desc
	messages *prometheus.Desc
	logouts  *prometheus.Desc

	// of a pool of connections
	maxOpen  *prometheus.Desc
	open     *prometheus.Desc
	inUse    *prometheus.Desc
	waits    *prometheus.Desc
	waitTime *prometheus.Desc
}

func newDatabaseCollector(store *db.Store) databaseCollector {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("twostep_"+name, help, labels, nil)
	}
	return databaseCollector{
		store:    store,
		up:       describe("database_up", "Whether the database answers."),
		logouts:  describe("oauth_logouts", "Logout tokens of apps: waiting (all that are queued), failing (queued after a failed attempt) and rejected (by the app in the last day).", "state"),
		messages: describe("outbox_messages", "Messages to users: waiting (all that are queued), failing (queued after a failed attempt) and rejected (by a provider in the last day).", "state"),
		maxOpen:  describe("database_max_open_connections", "Maximum number of connections to the database.", "pool"),
		open:     describe("database_open_connections", "Open connections to the database.", "pool"),
		inUse:    describe("database_in_use_connections", "Connections to the database in use.", "pool"),
		waits:    describe("database_waits_total", "Number of times that a request waited for a connection.", "pool"),
		waitTime: describe("database_wait_duration_seconds_total", "Time that requests waited for a connection.", "pool"),
	}
}

// Describe implements [prometheus.Collector].
func (c databaseCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.messages, c.logouts, c.maxOpen, c.open, c.inUse, c.waits, c.waitTime} {
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
		gauge(c.maxOpen, float64(pool.Max), name)
		gauge(c.open, float64(pool.Open), name)
		gauge(c.inUse, float64(pool.InUse), name)
		counter(c.waits, float64(pool.Waits), name)
		counter(c.waitTime, pool.WaitTime.Seconds(), name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	waiting, failing, rejected, err := c.store.CountMessages(ctx)
	appWaiting, appFailing, appRejected, appErr := c.store.CountLogouts(ctx)
	if err != nil || appErr != nil {
		gauge(c.up, 0)
		return
	}
	gauge(c.up, 1)
	gauge(c.messages, float64(waiting-appWaiting), "waiting")
	gauge(c.messages, float64(failing-appFailing), "failing")
	gauge(c.messages, float64(rejected-appRejected), "rejected")
	gauge(c.logouts, float64(appWaiting), "waiting")
	gauge(c.logouts, float64(appFailing), "failing")
	gauge(c.logouts, float64(appRejected), "rejected")
}
