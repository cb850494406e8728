// Package cluster starts a PostgreSQL server of a test's own, from the programs
// on the machine. Only tests and measurements import it. The server listens on a
// socket in a folder of its own and nowhere else, keeps nothing, and is gone when
// the test program is, however that ends.
package cluster

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

// ErrMissing says that the server's programs are not on the machine.
var ErrMissing = errors.New("PostgreSQL's programs initdb and postgres are missing on this machine; .ci/postgres installs them")

// user is who owns the databases, and is let in without a password.
const user = "twostep"

// startWait is how long a server may take to start on a busy machine.
const startWait = 30 * time.Second

// A Cluster is a running server.
type Cluster struct {
	folder  string
	owner   *syscall.Credential // of the server, nil for who runs the test
	server  []string            // how it is started
	running []*program          // in the order of their start: the server first
	pooled  bool                // pgbouncer is among them
}

// Start starts a server on a new folder. It promises nothing to the disk, unless
// settings such as "fsync=on" say so.
func Start(settings ...string) (c *Cluster, err error) {
	initdb, postgres, err := programs()
	if err != nil {
		return nil, err
	}
	c = &Cluster{}
	if c.folder, err = os.MkdirTemp(shortTemp(), "twostep-pg"); err != nil {
		return nil, err
	}
	if err := c.start(initdb, postgres, settings); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(initdb, postgres string, settings []string) (err error) {
	if c.owner, err = serverOwner(); err != nil {
		return err
	}
	if c.owner != nil {
		if err := os.Chown(c.folder, int(c.owner.Uid), int(c.owner.Gid)); err != nil {
			return err
		}
	}
	// English puts words in another order than their bytes, which shows what depends on it.
	create := exec.Command(initdb, "--no-sync", "--auth=trust", "--username="+user, "--encoding=UTF8",
		"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", c.Data())
	if said, err := as(c.owner, c.folder, create).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, said)
	}
	c.server = []string{postgres, "-D", c.Data(), "-k", c.folder}
	usual := []string{
		"listen_addresses=", "deadlock_timeout=50ms", "max_connections=300", "shared_buffers=64MB",
		"fsync=off", "full_page_writes=off", "autovacuum=off",
	}
	for _, setting := range append(usual, settings...) { // of two the later counts
		c.server = append(c.server, "-c", setting)
	}
	p, err := c.run(startWait, c.answers, c.server...)
	if err == nil {
		c.running = append(c.running, p)
	}
	return err
}

func (c *Cluster) answers() error { return c.Run("postgres", `SELECT 1`) }

// run starts a program and waits until it answers.
func (c *Cluster) run(within time.Duration, answers func() error, args ...string) (p *program, err error) {
	if p, err = begin(c.owner, c.folder, args); err != nil {
		return nil, err
	}
	for end := time.Now().Add(within); ; time.Sleep(10 * time.Millisecond) {
		if err = answers(); err == nil {
			return p, nil
		}
		if time.Now().After(end) {
			p.stop()
			return nil, fmt.Errorf("%s does not start: %w: %s", filepath.Base(args[0]), err, p.said.Bytes())
		}
	}
}

// Stop ends the server and removes its folder.
func (c *Cluster) Stop() error {
	for _, p := range slices.Backward(c.running) {
		p.stop()
	}
	return os.RemoveAll(c.folder)
}

// Address is how a database of the cluster is opened.
func (c *Cluster) Address(database string) string {
	return c.address(database, 5432)
}

func (c *Cluster) address(database string, port int) string {
	query := url.Values{"host": {c.folder}, "port": {fmt.Sprint(port)}, "user": {user}, "sslmode": {"disable"}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: query.Encode()}).String()
}

// Folder is where the server's socket is.
func (c *Cluster) Folder() string { return c.folder }

// Data is the folder of the server's files.
func (c *Cluster) Data() string { return filepath.Join(c.folder, "data") }

// Run runs one command in a database.
func (c *Cluster) Run(database, command string) error {
	db, err := sql.Open("pgx", c.Address(database))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(context.Background(), command)
	return errors.Join(err, db.Close())
}

// programs finds initdb and postgres, which Debian does not put into PATH.
func programs() (initdb, postgres string, err error) {
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
	return "", "", ErrMissing
}

// shortTemp is where temporary files go, unless that is too long for the name
// of a socket, which has about 100 bytes.
func shortTemp() string {
	if temp := os.TempDir(); len(temp) < 60 {
		return temp
	}
	return "/tmp"
}
