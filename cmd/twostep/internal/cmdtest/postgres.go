package cmdtest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"twostep/db/dbtest"
)

// postgres is one server for all tests of a package, started by the first that
// needs it.
var postgres struct {
	once      sync.Once
	cluster   *dbtest.Postgres
	err       error
	databases atomic.Int64
}

// Main runs the tests of a package, stops PostgreSQL and returns the exit code.
func Main(m *testing.M) (code int) {
	code = m.Run()
	if postgres.cluster == nil {
		return code
	}
	if err := postgres.cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
		return 1
	}
	return code
}

// StartPostgres starts a PostgreSQL server that stops after the test.
func StartPostgres(t *testing.T) *dbtest.Postgres {
	t.Helper()
	c, err := dbtest.StartPostgres()
	RequirePostgres(t, err)
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// RequirePostgres skips the test if err is that a server program is not
// installed, and fails it for any other error, or if CI=true.
func RequirePostgres(t *testing.T, err error) {
	t.Helper()
	if (errors.Is(err, dbtest.ErrNoPostgres) || errors.Is(err, dbtest.ErrNoPgBouncer)) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	check(t, err)
}

// EmptyDatabase creates a PostgreSQL database and returns its connection string.
func EmptyDatabase(t *testing.T) (address string) {
	t.Helper()
	postgres.once.Do(func() { postgres.cluster, postgres.err = dbtest.StartPostgres() })
	RequirePostgres(t, postgres.err)
	name := fmt.Sprint("empty_", postgres.databases.Add(1))
	check(t, postgres.cluster.Exec("postgres", `CREATE DATABASE `+name))
	return postgres.cluster.URL(name)
}

// RunSQL runs a statement in a database made by [EmptyDatabase].
func RunSQL(address, statement string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	return postgres.cluster.Exec(strings.TrimPrefix(u.Path, "/"), statement)
}
