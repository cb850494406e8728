package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	postgresVersionMin     = 13               // oldest major version that behaves like those the tests run on
	postgresConnectTimeout = 5 * time.Second  // unless the URL sets connect_timeout
	postgresConnLifetime   = 30 * time.Minute // so that connections return to a server that was down
	postgresTimeout        = 15 * time.Second // for what has no deadline of its own, see bound
)

// migrationLock is the advisory lock of processes that change the whole
// database. The number is the name "twostep".
const migrationLock = 0x74776f73746570

// OpenPostgres connects to a database and applies the migrations that are
// missing.
func OpenPostgres(ctx context.Context, url string, migrations fs.FS) (*DB, error) {
	db, err := ConnectPostgres(ctx, url, migrations)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := db.Exclusive(ctx, db.Migrate); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", db.Explain(err)), db.Close())
	}
	return db, nil
}

// ConnectPostgres connects to a database and changes nothing.
//
// On a direct connection to the server, statements are kept prepared, which saves
// 60 % of the cost of a page. Through a pooler such as pgbouncer in transaction
// mode, every query is sent with its arguments at once. No transaction leaves
// settings or locks in its session.
//
// A commit is durable if the server's fsync and synchronous_commit are on, which
// is the default.
func ConnectPostgres(ctx context.Context, url string, migrations fs.FS) (*DB, error) {
	config, err := parsePostgresURL(url)
	if err != nil {
		return nil, fmt.Errorf("URL %w", err)
	}
	db, err := newDB(migrations)
	if err != nil {
		return nil, err
	}
	db.Concurrent = true
	db.hasSchema = `SELECT to_regclass('schema_migrations') IS NOT NULL`
	db.explain = func(err error) error { return explainPostgres(config, err) }
	direct, err := isDirect(ctx, config)
	if err != nil {
		return nil, db.Explain(err)
	}
	if direct {
		keepPrepared(config)
	}
	pool := stdlib.OpenDB(*config)
	connections := 2*runtime.GOMAXPROCS(0) + 8 // those that wait for a commit share one sync of the disk
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxLifetime(postgresConnLifetime)
	db.writer = newPostgresPool(pool)
	db.reader = &db.writer.pool
	db.Statements = db.reader.Statements
	if err := checkPostgres(ctx, db.Statements); err != nil {
		return nil, errors.Join(db.Explain(err), db.Close())
	}
	return db, nil
}

// Exclusive runs do while other processes that call it wait. A transaction of its
// own holds the lock: a lock of the session would stay in pgbouncer's.
func (db *DB) Exclusive(ctx context.Context, do func(context.Context) error) error {
	tx, err := db.writer.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
		return err
	}
	return do(ctx)
}

// isDirect reports whether there is no pooler between this process and the
// server. A pooler does not reveal the server's process id.
func isDirect(ctx context.Context, config *pgx.ConnConfig) (direct bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	ctx, cancel := bound(ctx)
	defer cancel()
	var pid uint32
	err = conn.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&pid)
	return pid == conn.PgConn().PID(), err
}

// checkPostgres checks the version of the server and the encoding.
func checkPostgres(ctx context.Context, on Statements) error {
	var version int
	var encoding string
	err := on.Find(ctx, Row{&version, &encoding}, `
		SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding')`)
	if err != nil {
		return err
	}
	return checkServer(version, encoding)
}

func checkServer(version int, encoding string) error {
	if version < postgresVersionMin {
		return fmt.Errorf("server is PostgreSQL %d and must be %d or newer", version, postgresVersionMin)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("database encoding is %s and must be UTF8", encoding)
	}
	return nil
}

func newPostgresPool(db *sql.DB) *writePool {
	begin := func(ctx context.Context) (transaction, error) { return beginPostgres(ctx, db) }
	return &writePool{pool: pool{Statements{postgresPool{db}}, stateOf(db), db.Close}, db: db, begin: begin}
}

// isConflict reports whether a transaction was rolled back because of another
// that wrote at the same time. A retry sees what the other has written: the row
// that it cannot add exists, or the row that it refers to does not, and its own
// conditions decide. SQLite has no conflicts.
func isConflict(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return pgconn.SafeToRetry(err) // the server closed the connection before
	}
	switch pgErr.Code {
	case "40001", // serialization_failure
		"40P01", // deadlock_detected
		"23503", // foreign_key_violation: the referenced row was removed
		"23505": // unique_violation: the same key was added
		return true
	}
	return false
}
