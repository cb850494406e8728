package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"twostep/auth"
)

const (
	postgresOldest      = 13               // the oldest version of the server that is still like those we test with
	postgresConnectWait = 5 * time.Second  // unless the address says connect_timeout
	postgresConnLife    = 30 * time.Minute // so that nodes spread anew over servers that came back
)

// migrationLock is the advisory lock that the nodes of one database share while
// they migrate it. The number says nothing but who we are.
const migrationLock = 0x74776f73746570 // "twostep"

// OpenPostgres opens the database at an address such as
// postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full and brings it up to
// this program's version; one of a newer version is refused. What the address
// leaves out comes from the variables and files of PostgreSQL's own programs
// (PGPASSWORD, PGSSLROOTCERT, ~/.pgpass). No error holds the password.
//
// Where the connection leads to the server itself, statements are kept prepared
// in it, which makes a page two and a half times as cheap. It works through
// pgbouncer in transaction mode too: there every query is sent with its
// arguments at once. No session is given settings or locks that the next
// transaction would need.
//
// A commit is lasting where the server's fsync and synchronous_commit are on,
// as they are unless somebody has switched them off.
func OpenPostgres(ctx context.Context, address string, keys auth.Keyring) (*Store, error) {
	if len(keys.All(auth.KeySeal)) == 0 {
		return nil, errNoKeys
	}
	config, err := parsePostgres(address)
	if err != nil {
		return nil, fmt.Errorf("open the database: the address %w", err)
	}
	direct, err := leadsToServer(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", plainly(config, err))
	}
	if direct {
		keepStatements(config)
	}
	s := newPostgresStore(stdlib.OpenDB(*config), keys)
	if err := s.openPostgres(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", plainly(config, err)), s.Close())
	}
	return s, nil
}

// leadsToServer reports whether nothing stands between that gives its
// connections to others from one transaction to the next. What does so keeps
// to itself which of the server's processes it speaks with.
func leadsToServer(ctx context.Context, config *pgx.ConnConfig) (direct bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var process uint32
	err = conn.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&process)
	return process == conn.PgConn().PID(), err
}

func newPostgresStore(server *sql.DB, keys auth.Keyring) *Store {
	connections := 2*runtime.GOMAXPROCS(0) + 2
	server.SetMaxOpenConns(connections)
	server.SetMaxIdleConns(connections)
	server.SetConnMaxLifetime(postgresConnLife)
	s := &Store{
		seals: sealer{keys: keys}, overtaken: overtaken, skipLocked: `
			FOR UPDATE SKIP LOCKED`,
	}
	s.writer = newPlainPool(server)
	s.reader = &s.writer.pool
	return s
}

func (s *Store) openPostgres(ctx context.Context) (err error) {
	if s.newest, err = newestMigration("migrations/postgres"); err != nil {
		return err
	}
	if err := checkPostgres(ctx, s.writer.db); err != nil {
		return err
	}
	if err := alone(ctx, s.writer.db, s.migratePostgres); err != nil {
		return err
	}
	if _, err := s.sealHashes(ctx); err != nil {
		return fmt.Errorf("seal hashes of passwords: %w", err)
	}
	return nil
}

func (s *Store) migratePostgres(ctx context.Context) error {
	return migrate(ctx, s.writer.db, goose.DialectPostgres, "migrations/postgres")
}

// checkPostgres reads what a database must be like.
func checkPostgres(ctx context.Context, db *sql.DB) error {
	var version int
	var encoding string
	err := db.QueryRowContext(ctx, `
		SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding')`).Scan(&version, &encoding)
	if err != nil {
		return err
	}
	if version < postgresOldest {
		return fmt.Errorf("the server is PostgreSQL %d, and must be %d or newer", version, postgresOldest)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the encoding of the database is %s, and must be UTF8", encoding)
	}
	return nil
}

// alone does what changes the whole database, while other nodes that start at
// the same time wait. The lock is held by a transaction of its own: a lock of
// the session would be left behind in pgbouncer.
func alone(ctx context.Context, db *sql.DB, do func(context.Context) error) error {
	lock, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer lock.Rollback()
	if _, err := lock.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
		return err
	}
	return do(ctx)
}

// overtaken answers whether a transaction was undone because of another one
// that wrote at the same time. Run anew it sees what that has written: a row it
// cannot add any more is there, or what a row hangs on is gone, and its own
// conditions give the answer.
func overtaken(err error) bool {
	said, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch said.Code {
	case "40001", // serialization failure
		"40P01", // deadlock
		"23503", // what a row hangs on was removed
		"23505": // the same key was added
		return true
	}
	return false
}
