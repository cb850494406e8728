package db

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

const postgresShape = "must be like postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full"

// CheckPostgresURL answers what is wrong with the address of a database, without a
// part of it that could be a password. It connects to nothing.
func CheckPostgresURL(address string) error {
	_, err := parsePostgres(address)
	return err
}

// parsePostgres reads an address. That every query is sent with its arguments
// at once, or else see [keepStatements], is decided here, whatever the address
// says of it.
func parsePostgres(address string) (*pgx.ConnConfig, error) {
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return nil, errors.New(postgresShape)
	}
	if _, err := url.Parse(address); err != nil {
		// The cause would quote what it stumbled over, which may be half of a password.
		return nil, errors.New(postgresShape + "; signs such as / ? # % in a password are written as %2F %3F %23 %25")
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		if cause := errors.Unwrap(err); cause != nil { // the error itself quotes the address
			return nil, fmt.Errorf("%s: %w", postgresShape, cause)
		}
		return nil, errors.New(postgresShape)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = postgresConnectWait
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "twostep"
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.StatementCacheCapacity = 0
	config.DescriptionCacheCapacity = 0
	return config, nil
}

// statementsKept is more than the store has queries.
const statementsKept = 512

// keepStatements makes connections that prepare each query once. Whoever is
// given such a connection by a pooler would find none of its own there.
func keepStatements(config *pgx.ConnConfig) {
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	config.StatementCacheCapacity = statementsKept
}

// plainly says in one sentence why a database could not be opened. What the
// driver says goes on for lines where it has tried several ways.
func plainly(config *pgx.ConnConfig, err error) error {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	said, answered := errors.AsType[*pgconn.PgError](err)
	switch {
	case connecting && answered:
		return fmt.Errorf("the PostgreSQL server at %s does not let us in: %s", servers(config), said.Message)
	case connecting && !unanswered(err):
		return fmt.Errorf("the PostgreSQL server at %s cannot be used: %w", servers(config), innermost(err))
	case connecting:
		return fmt.Errorf("no PostgreSQL server answers at %s: %w", servers(config), innermost(err))
	case answered:
		return fmt.Errorf("PostgreSQL says: %s (%s)", said.Message, said.Code)
	}
	return err
}

// unanswered reports whether nobody was there to answer. What a server answers
// can be no reason to go on: its certificate is not trusted, or it has none.
func unanswered(err error) bool {
	if failed, ok := errors.AsType[*net.OpError](err); ok {
		return failed.Op != "remote error" // of TLS
	}
	_, ok := errors.AsType[net.Error](err)
	return ok
}

// servers names those of an address. One stands there for each way to reach it.
func servers(config *pgx.ConnConfig) string {
	names := []string{fmt.Sprintf("%s, port %d", config.Host, config.Port)}
	for _, other := range config.Fallbacks {
		names = append(names, fmt.Sprintf("%s, port %d", other.Host, other.Port))
	}
	return strings.Join(slices.Compact(names), " or ")
}

// innermost is the cause of an error, and of several that of the last.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if several, ok := err.(interface{ Unwrap() []error }); ok {
			inner = several.Unwrap()[len(several.Unwrap())-1]
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}
