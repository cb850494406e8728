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

	"twostep/db/cluster"
)

// postgres is one server for all tests of a package, started by the first that
// needs it.
var postgres struct {
	once      sync.Once
	cluster   *cluster.Cluster
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

// EmptyDatabase creates a PostgreSQL database and returns its connection string.
// It skips the test if PostgreSQL is not installed, and fails it if CI=true.
func EmptyDatabase(t *testing.T) (address string) {
	t.Helper()
	postgres.once.Do(func() { postgres.cluster, postgres.err = cluster.Start() })
	if errors.Is(postgres.err, cluster.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(postgres.err)
	}
	if postgres.err != nil {
		t.Fatal(postgres.err)
	}
	name := fmt.Sprint("empty_", postgres.databases.Add(1))
	if err := postgres.cluster.Run("postgres", `CREATE DATABASE `+name); err != nil {
		t.Fatal(err)
	}
	return postgres.cluster.Address(name)
}

// RunSQL runs a statement in a database made by [EmptyDatabase].
func RunSQL(address, statement string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	return postgres.cluster.Run(strings.TrimPrefix(u.Path, "/"), statement)
}
