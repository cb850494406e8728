package engine

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const postgresURLForm = "must be like postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full"

// CheckPostgresURL returns what is wrong with a connection URL, without any part
// of it that could be a password. It does not connect.
func CheckPostgresURL(url string) error {
	_, err := parsePostgresURL(url)
	return err
}

// parsePostgresURL parses a connection URL. It ignores the URL's own setting for
// prepared statements: queries are sent with their arguments at once, unless
// [keepPrepared] is called.
func parsePostgresURL(text string) (*pgx.ConnConfig, error) {
	if !strings.HasPrefix(text, "postgres://") && !strings.HasPrefix(text, "postgresql://") {
		return nil, errors.New(postgresURLForm)
	}
	if _, err := url.Parse(text); err != nil {
		// The cause would quote what it failed on, which may be half of a password.
		return nil, errors.New(postgresURLForm + "; characters such as / ? # % in a password are written as %2F %3F %23 %25")
	}
	config, err := pgx.ParseConfig(text)
	if err != nil {
		if cause := errors.Unwrap(err); cause != nil { // err itself quotes the URL
			return nil, fmt.Errorf("%s: %w", postgresURLForm, cause)
		}
		return nil, errors.New(postgresURLForm)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = postgresConnectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "twostep"
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.StatementCacheCapacity = 0
	config.DescriptionCacheCapacity = 0
	return config, nil
}

// statementsMax is more than the number of queries in package db.
const statementsMax = 512

// keepPrepared makes connections prepare each query once. Behind a pooler, the
// next transaction may run in a session that has not prepared it. Nor can a session there
// have settings: here it does not compile queries to machine code, which takes a second for
// the lists of accounts that are read in milliseconds.
func keepPrepared(config *pgx.ConnConfig) {
	if config.RuntimeParams["jit"] == "" {
		config.RuntimeParams["jit"] = "off"
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	config.StatementCacheCapacity = statementsMax
}

// explainPostgres returns an error in one sentence. The driver's own have a line
// for each address and TLS mode that it tried.
func explainPostgres(config *pgx.ConnConfig, err error) error {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	pgErr, answered := errors.AsType[*pgconn.PgError](err)
	switch {
	case connecting && answered:
		return fmt.Errorf("PostgreSQL server at %s refused the connection: %s", servers(config), pgErr.Message)
	case connecting && reached(err):
		return fmt.Errorf("PostgreSQL server at %s cannot be used: %w", servers(config), innermost(err))
	case connecting:
		return fmt.Errorf("no PostgreSQL server answers at %s: %w", servers(config), innermost(err))
	case answered:
		return fmt.Errorf("PostgreSQL: %s (%s)", pgErr.Message, pgErr.Code)
	}
	return err
}

// reached reports whether a connection failed after the server was reached, for
// example because its certificate is not trusted.
func reached(err error) bool {
	if opErr, ok := errors.AsType[*net.OpError](err); ok {
		return opErr.Op == "remote error" // a TLS alert
	}
	_, ok := errors.AsType[net.Error](err)
	return !ok
}

// servers lists the servers of a URL. Each is there once for each TLS mode.
func servers(config *pgx.ConnConfig) string {
	names := []string{fmt.Sprintf("%s, port %d", config.Host, config.Port)}
	for _, other := range config.Fallbacks {
		names = append(names, fmt.Sprintf("%s, port %d", other.Host, other.Port))
	}
	return strings.Join(slices.Compact(names), " or ")
}

// innermost returns the cause of an error, or of the last of several.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			inner = joined.Unwrap()[len(joined.Unwrap())-1]
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}
