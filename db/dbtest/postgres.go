// Package dbtest supports tests and measurements that need a database: a
// PostgreSQL server of their own, and many accounts at once. The program does not
// import it.
package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// ErrNoPostgres is returned if the server's programs are not installed.
var ErrNoPostgres = errors.New("the PostgreSQL programs initdb and postgres are not installed; .ci/postgres installs them")

// postgresUser owns the databases and connects without a password.
const postgresUser = "twostep"

const postgresPort = 5432 // part of the socket's name, not a port of the network

const startTimeout = 30 * time.Second

// A Postgres is a running server. It listens on a socket in a temporary folder and
// on no network, and it ends when the test program ends, even if that is killed.
type Postgres struct {
	folder    string
	owner     *syscall.Credential // of the server's process; nil for the current user
	command   []string
	processes []*process // in the order of their start, the server first
	pooled    bool       // whether pgbouncer is one of them
}

// StartPostgres starts a server with an empty folder. It does not sync to the disk
// unless settings such as "fsync=on" say so.
func StartPostgres(settings ...string) (p *Postgres, err error) {
	initdb, postgres, err := findPrograms()
	if err != nil {
		return nil, err
	}
	p = &Postgres{}
	if p.folder, err = os.MkdirTemp(shortTempDir(), "twostep-pg"); err != nil {
		return nil, err
	}
	if err := p.start(initdb, postgres, settings); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

func (p *Postgres) start(initdb, postgres string, settings []string) (err error) {
	if p.owner, err = processOwner(); err != nil {
		return err
	}
	if p.owner != nil {
		if err := os.Chown(p.folder, int(p.owner.Uid), int(p.owner.Gid)); err != nil {
			return err
		}
	}
	// The order of en-US differs from byte order, which reveals queries that depend on it.
	create := exec.Command(initdb, "--no-sync", "--auth=trust", "--username="+postgresUser, "--encoding=UTF8",
		"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", p.Data())
	if output, err := runAs(p.owner, p.folder, create).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, output)
	}
	p.command = []string{postgres, "-D", p.Data(), "-k", p.folder}
	defaults := []string{
		"listen_addresses=", "deadlock_timeout=50ms", "max_connections=300", "shared_buffers=64MB",
		"fsync=off", "full_page_writes=off", "autovacuum=off",
	}
	for _, setting := range append(defaults, settings...) { // the last of a name counts
		p.command = append(p.command, "-c", setting)
	}
	server, err := p.run(startTimeout, p.ping, p.command...)
	if err == nil {
		p.processes = append(p.processes, server)
	}
	return err
}

func (p *Postgres) ping() error { return p.Exec("postgres", `SELECT 1`) }

// run starts a program and waits until ping succeeds.
func (p *Postgres) run(timeout time.Duration, ping func() error, args ...string) (started *process, err error) {
	if started, err = startProcess(p.owner, p.folder, args); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(timeout); ; time.Sleep(10 * time.Millisecond) {
		if err = ping(); err == nil {
			return started, nil
		}
		if time.Now().After(deadline) {
			started.stop()
			return nil, fmt.Errorf("%s does not start: %w: %s", filepath.Base(args[0]), err, started.output.Bytes())
		}
	}
}

// Stop stops the server and removes its folder.
func (p *Postgres) Stop() error {
	for _, process := range slices.Backward(p.processes) {
		process.stop()
	}
	return os.RemoveAll(p.folder)
}

// DeleteAllRows is a command that empties a migrated database of a few rows. TRUNCATE
// would take longer: it makes new files.
const DeleteAllRows = `DO $$
	DECLARE name text;
	BEGIN
		FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' LOOP
			EXECUTE 'DELETE FROM ' || name;
		END LOOP;
	END $$;`

// URL returns the connection URL of a database.
func (p *Postgres) URL(database string) string { return p.url(database, postgresPort) }

func (p *Postgres) url(database string, port int) string {
	query := url.Values{"host": {p.folder}, "port": {fmt.Sprint(port)}, "user": {postgresUser}, "sslmode": {"disable"}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: query.Encode()}).String()
}

// Folder returns the folder of the server's socket.
func (p *Postgres) Folder() string { return p.folder }

// Data returns the folder of the server's files.
func (p *Postgres) Data() string { return filepath.Join(p.folder, "data") }

// Exec runs a command in a database.
func (p *Postgres) Exec(database, command string) error {
	db, err := sql.Open("pgx", p.URL(database))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.Background(), command)
	return errors.Join(err, db.Close())
}

// findPrograms finds initdb and postgres. Debian does not put them into PATH.
func findPrograms() (initdb, postgres string, err error) {
	folders := filepath.SplitList(os.Getenv("PATH"))
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", "", err
	}
	for _, folder := range append(folders, debian...) {
		initdb, postgres = filepath.Join(folder, "initdb"), filepath.Join(folder, "postgres")
		if _, err := exec.LookPath(initdb); err != nil {
			continue
		}
		if _, err := exec.LookPath(postgres); err == nil {
			return initdb, postgres, nil
		}
	}
	return "", "", ErrNoPostgres
}

// shortTempDir returns the folder for temporary files, unless it is too long for
// the path of a socket, which has at most about 100 bytes.
func shortTempDir() string {
	if temp := os.TempDir(); len(temp) < 60 {
		return temp
	}
	return "/tmp"
}
