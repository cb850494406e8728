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

// A base is a database of a test's own, opened as in production.
type base struct {
	*Store
	keys auth.Keyring
	kind string
	path string // of the file, or the address
	open func(ctx context.Context) (*Store, error)
}

// eachStore runs a test on every kind of database, side by side.
func eachStore(t *testing.T, test func(t *testing.T, b base)) {
	for kind, open := range map[string]func(*testing.T) base{"sqlite": open, "postgres": openPostgres} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// migratedFile is a file of SQLite that those of the tests are copies of: to
// migrate each takes longer than most tests.
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

// open makes a database of SQLite in a folder of its own.
func open(t *testing.T) base {
	t.Helper()
	file, err := migratedFile()
	must(t, err)
	b := base{kind: "sqlite", path: filepath.Join(t.TempDir(), "twostep.db"), keys: auth.NewKeyring()}
	must(t, os.WriteFile(b.path, file, 0o600))
	b.open = func(ctx context.Context) (*Store, error) { return OpenSQLite(ctx, b.path, b.keys) }
	b.Store = b.again(t)
	return b
}

// withOtherRing is the same open database, with keys of its own.
func withOtherRing(s *Store) *Store {
	return &Store{s.db, seal.Sealer{Keys: auth.NewKeyring()}}
}

// openPostgres opens a database of PostgreSQL that is migrated already.
func openPostgres(t *testing.T) base {
	t.Helper()
	b := base{kind: "postgres", path: emptied(t), keys: auth.NewKeyring()}
	b.open = func(ctx context.Context) (*Store, error) { return OpenPostgres(ctx, b.path, b.keys) }
	b.Store = b.again(t)
	return b
}

// empty removes every row, of a database that is as the migrations left it.
const empty = `DO $$
	DECLARE one text;
	BEGIN
		IF (SELECT count(*) || ' ' || max(version) FROM schema_migrations) <> '%d %d' THEN
			RAISE 'its version was changed';
		END IF;
		FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' LOOP
			EXECUTE 'DELETE FROM ' || one;
		END LOOP;
	END $$`

// emptied is a database that an earlier test has left, without a row, or a new
// one: to make one takes the server longer than most tests.
func emptied(t *testing.T) (address string) {
	t.Helper()
	c := running(t)
	name := ""
	select {
	case name = <-server.left:
	default:
		name = fmt.Sprint("left_", server.named.Add(1))
		must(t, c.Exec("postgres", `CREATE DATABASE `+name+` TEMPLATE migrated STRATEGY FILE_COPY`))
	}
	versions, err := fs.ReadDir(migrationsOf("postgres"), ".")
	must(t, err)
	t.Cleanup(func() {
		if c.Exec(name, fmt.Sprintf(empty, len(versions), len(versions))) != nil {
			return // the test has changed more than rows
		}
		select {
		case server.left <- name:
		default: // the cluster takes it along
		}
	})
	return c.URL(name)
}

// again opens the same database once more, as another process would.
func (b base) again(t *testing.T) *Store {
	t.Helper()
	s, err := b.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// server is the one PostgreSQL of all tests, started by the first that asks.
var server struct {
	once    sync.Once
	err     error
	cluster *dbtest.Postgres
	named   atomic.Int64
	left    chan string // databases of tests that are over
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

// database makes a database like another one, and returns its address.
func database(t *testing.T, like string) string {
	t.Helper()
	c := running(t)
	name := fmt.Sprint("test_", server.named.Add(1))
	must(t, c.Exec("postgres", `CREATE DATABASE `+name+` TEMPLATE `+like+` STRATEGY FILE_COPY`))
	t.Cleanup(func() { must(t, c.Exec("postgres", `DROP DATABASE `+name+` WITH (FORCE)`)) })
	return c.URL(name)
}

// running is the server. Without PostgreSQL's programs a test that needs it is
// left out, but not where changes are judged: there both databases are tested.
func running(t *testing.T) *dbtest.Postgres {
	t.Helper()
	server.once.Do(func() {
		server.left = make(chan string, 8)
		if server.cluster, server.err = dbtest.StartPostgres(); server.err == nil {
			server.err = prepare(server.cluster)
		}
	})
	if errors.Is(server.err, dbtest.ErrNoPostgres) && os.Getenv("CI") != "true" {
		t.Skip("not tested on PostgreSQL: ", server.err)
	}
	must(t, server.err)
	return server.cluster
}

// prepare makes the database that those of the tests are copies of.
func prepare(c *dbtest.Postgres) error {
	if err := c.Exec("postgres", `CREATE DATABASE migrated`); err != nil {
		return err
	}
	s, err := OpenPostgres(context.Background(), c.URL("migrated"), auth.NewKeyring())
	if err != nil {
		return err
	}
	return s.Close()
}

// databaseName is the name in an address.
func databaseName(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	return u.Path[1:]
}

// dump is all that stands on the disk.
func (b base) dump(t *testing.T) (all []byte) {
	t.Helper()
	pattern := b.path + "*"
	if b.kind == "postgres" {
		c := running(t)
		must(t, c.Exec("postgres", `CHECKPOINT`))
		pattern = filepath.Join(c.Data(), "base", fmt.Sprint(b.oid(t)), "*")
	}
	files, err := filepath.Glob(pattern)
	must(t, err)
	for _, file := range files {
		part, err := os.ReadFile(file)
		must(t, err)
		all = append(all, part...)
	}
	return all
}

// oid is the name of a database's folder.
func (b base) oid(t *testing.T) (oid int64) {
	t.Helper()
	s := b.again(t)
	must(t, s.db.Find(t.Context(), engine.Row{&oid}, `
		SELECT oid::bigint
		FROM pg_database
		WHERE datname = current_database()`))
	return oid
}

// names lists the tables.
func (b base) names(t *testing.T) (names []string) {
	t.Helper()
	query := `
		SELECT name
		FROM sqlite_master
		WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_migrations'`
	if b.kind == "postgres" {
		query = `
		SELECT tablename::text
		FROM pg_tables
		WHERE schemaname = 'public' AND tablename <> 'schema_migrations'`
	}
	var name string
	must(t, b.db.Each(t.Context(), engine.Row{&name}, func() { names = append(names, name) }, query))
	return names
}
