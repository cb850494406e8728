package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNoPgBouncer is returned if pgbouncer is not installed.
var ErrNoPgBouncer = errors.New("the program pgbouncer is not installed; .ci/postgres installs it")

// PgBouncerConnections is how many connections pgbouncer opens to each database.
const PgBouncerConnections = 3

const pgBouncerPort = 6432 // part of the socket's name, not a port of the network

// StartPgBouncer starts pgbouncer in transaction mode in front of the server,
// unless it is running. The returned function is [Postgres.URL] through pgbouncer.
func (p *Postgres) StartPgBouncer() (url func(database string) string, err error) {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			return nil, ErrNoPgBouncer
		}
	}
	settings := filepath.Join(p.folder, "pgbouncer.ini")
	err = os.WriteFile(settings, fmt.Appendf(nil, `[databases]
* = host=%[1]s port=5432 user=%[2]s
[pgbouncer]
unix_socket_dir = %[1]s
listen_port = %[3]d
auth_type = any
pool_mode = transaction
default_pool_size = %[4]d
max_client_conn = 200
query_wait_timeout = 2
server_login_retry = 1
`, p.folder, postgresUser, pgBouncerPort, PgBouncerConnections), 0o644)
	if err != nil {
		return nil, err
	}
	url = func(database string) string { return p.url(database, pgBouncerPort) }
	if p.pooled {
		return url, nil
	}
	p.pooled = true
	started, err := p.run(startTimeout, func() error {
		db, err := sql.Open("pgx", url("postgres")+"&default_query_exec_mode=exec")
		if err != nil {
			return err
		}
		return errors.Join(db.PingContext(context.Background()), db.Close())
	}, program, settings)
	if err == nil {
		p.processes = append(p.processes, started)
	}
	return url, err
}
