package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"twostep/auth"
	"twostep/db/dbtest"
	"twostep/db/internal/engine"
	"twostep/db/internal/seal"
)

// A testDB is a database for one test, opened as in production.
type testDB struct {
	*Store
	keys auth.Keyring
	kind string
	path string // of the file, or the URL
	open func(ctx context.Context) (*Store, error)
}

// eachStore runs a test on each kind of database, in parallel.
func eachStore(t *testing.T, test func(t *testing.T, db testDB)) {
	for kind, open := range map[string]func(*testing.T) testDB{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// migratedFile returns a migrated SQLite file. Each test gets a copy, because
// migrating a new file takes longer than most tests.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "twostep-sqlite")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "twostep.db")
	s, err := OpenSQLite(context.Background(), path, auth.NewKeyring())
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// openSQLite creates an SQLite database in a temporary folder.
func openSQLite(t *testing.T) testDB {
	t.Helper()
	file, err := migratedFile()
	must(t, err)
	path := filepath.Join(t.TempDir(), "twostep.db")
	must(t, os.WriteFile(path, file, 0o600))
	return openSQLiteFile(t, path, auth.NewKeyring())
}

// openSQLiteFile opens the SQLite database at path.
func openSQLiteFile(t *testing.T, path string, keys auth.Keyring) testDB {
	t.Helper()
	db := testDB{kind: "sqlite", path: path, keys: keys}
	db.open = func(ctx context.Context) (*Store, error) { return OpenSQLite(ctx, path, keys) }
	db.Store = db.reopen(t)
	return db
}

// withOtherKeys returns a store on the same open database with another keyring.
func withOtherKeys(s *Store) *Store {
	return &Store{s.db, seal.Sealer{Keys: auth.NewKeyring()}}
}

// openPostgres opens an empty, migrated PostgreSQL database.
func openPostgres(t *testing.T) testDB {
	t.Helper()
	return openPostgresURL(t, emptyDatabase(t), auth.NewKeyring())
}

// openPostgresURL opens the PostgreSQL database at url.
func openPostgresURL(t *testing.T, url string, keys auth.Keyring) testDB {
	t.Helper()
	db := testDB{kind: "postgres", path: url, keys: keys}
	db.open = func(ctx context.Context) (*Store, error) { return OpenPostgres(ctx, url, keys) }
	db.Store = db.reopen(t)
	return db
}

// wantVersion fails if the schema version was changed.
const wantVersion = `DO $$
	BEGIN
		IF (SELECT count(*) || ' ' || max(version) FROM schema_migrations) <> '%d %d' THEN
			RAISE 'schema version was changed';
		END IF;
	END $$;`

// emptyDatabase returns the URL of an empty database. It reuses the databases of
// finished tests, because creating one takes longer than most tests.
func emptyDatabase(t *testing.T) string {
	t.Helper()
	c := startCluster(t)
	name := ""
	select {
	case name = <-server.unused:
	default:
		name = fmt.Sprint("reused_", server.created.Add(1))
		must(t, c.Exec("postgres", `CREATE DATABASE `+name+` TEMPLATE migrated STRATEGY FILE_COPY`))
	}
	versions, err := fs.ReadDir(migrationsOf("postgres"), ".")
	must(t, err)
	t.Cleanup(func() {
		if c.Exec(name, fmt.Sprintf(wantVersion, len(versions), len(versions))+dbtest.DeleteAllRows) != nil {
			return // the test has changed the schema
		}
		select {
		case server.unused <- name:
		default: // it is removed with the cluster
		}
	})
	return c.URL(name)
}

// reopen opens the same database again, as another process would.
func (db testDB) reopen(t *testing.T) *Store {
	t.Helper()
	s, err := db.open(t.Context())
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// server is the PostgreSQL cluster of all tests, started by the first that needs it.
var server struct {
	once    sync.Once
	err     error
	cluster *dbtest.Postgres
	created atomic.Int64 // databases
	unused  chan string  // databases of finished tests
}

func TestMain(m *testing.M) {
	code := m.Run()
	if server.cluster != nil {
		if err := server.cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// newDatabase creates a database from a template and returns its URL.
func newDatabase(t *testing.T, template string) string {
	t.Helper()
	c := startCluster(t)
	name := fmt.Sprint("test_", server.created.Add(1))
	must(t, c.Exec("postgres", `CREATE DATABASE `+name+` TEMPLATE `+template+` STRATEGY FILE_COPY`))
	t.Cleanup(func() { must(t, c.Exec("postgres", `DROP DATABASE `+name+` WITH (FORCE)`)) })
	return c.URL(name)
}

// startCluster starts the server unless it is running. If PostgreSQL is not
// installed, it skips the test, or fails it in CI.
func startCluster(t *testing.T) *dbtest.Postgres {
	t.Helper()
	server.once.Do(func() {
		server.unused = make(chan string, 8)
		if server.cluster, server.err = dbtest.StartPostgres(); server.err == nil {
			server.err = createTemplate(server.cluster)
		}
	})
	if errors.Is(server.err, dbtest.ErrNoPostgres) && os.Getenv("CI") != "true" {
		t.Skip("not tested on PostgreSQL: ", server.err)
	}
	must(t, server.err)
	return server.cluster
}

// createTemplate creates the migrated database that tests get copies of.
func createTemplate(c *dbtest.Postgres) error {
	if err := c.Exec("postgres", `CREATE DATABASE migrated`); err != nil {
		return err
	}
	s, err := OpenPostgres(context.Background(), c.URL("migrated"), auth.NewKeyring())
	if err != nil {
		return err
	}
	return s.Close()
}

// disconnect closes all connections to the PostgreSQL database at a URL.
func disconnect(t *testing.T, databaseURL string) {
	t.Helper()
	must(t, startCluster(t).Exec("postgres", `
		SELECT pg_terminate_backend(pid)
		FROM pg_stat_activity
		WHERE datname = '`+databaseName(t, databaseURL)+`'`))
}

// databaseName returns the name of the database in a URL.
func databaseName(t *testing.T, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	must(t, err)
	return u.Path[1:]
}

// dump returns the content of the database's files.
func (db testDB) dump(t *testing.T) (content []byte) {
	t.Helper()
	pattern := db.path + "*"
	if db.kind == "postgres" {
		c := startCluster(t)
		must(t, c.Exec("postgres", `CHECKPOINT`))
		pattern = filepath.Join(c.Data(), "base", fmt.Sprint(db.oid(t)), "*")
	}
	files, err := filepath.Glob(pattern)
	must(t, err)
	for _, file := range files {
		part, err := os.ReadFile(file)
		must(t, err)
		content = append(content, part...)
	}
	return content
}

// oid returns the database's object ID, which is the name of its folder.
func (db testDB) oid(t *testing.T) (oid int64) {
	t.Helper()
	s := db.reopen(t)
	must(t, s.db.Find(t.Context(), engine.Row{&oid}, `
		SELECT oid::bigint
		FROM pg_database
		WHERE datname = current_database()`))
	return oid
}

// tableNames lists the tables except schema_migrations.
func (db testDB) tableNames(t *testing.T) (names []string) {
	t.Helper()
	query := `
		SELECT name
		FROM sqlite_master
		WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_migrations'`
	if db.kind == "postgres" {
		query = `
		SELECT tablename::text
		FROM pg_tables
		WHERE schemaname = 'public' AND tablename <> 'schema_migrations'`
	}
	var name string
	must(t, db.db.Each(t.Context(), engine.Row{&name}, func() { names = append(names, name) }, query))
	return names
}
