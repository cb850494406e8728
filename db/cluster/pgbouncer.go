package cluster

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNoPooler says that pgbouncer is not on the machine.
var ErrNoPooler = errors.New("the program pgbouncer is missing on this machine; .ci/postgres installs it")

// PoolSize is how many connections pgbouncer has for each database.
const PoolSize = 3

const poolerPort = 6432 // part of the socket's name, and no port of the network

// Pool starts pgbouncer in front of the server, once: it gives each transaction any
// of a few connections. The address it returns leads through it.
func (c *Cluster) Pool() (address func(database string) string, err error) {
	pgbouncer, err := exec.LookPath("pgbouncer")
	if err != nil {
		if pgbouncer, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			return nil, ErrNoPooler
		}
	}
	settings := filepath.Join(c.folder, "pgbouncer.ini")
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
`, c.folder, user, poolerPort, PoolSize), 0o644)
	if err != nil {
		return nil, err
	}
	address = func(database string) string { return c.address(database, poolerPort) }
	if c.pooled {
		return address, nil
	}
	c.pooled = true
	p, err := c.run(startWait, func() error {
		db, err := sql.Open("pgx", address("postgres")+"&default_query_exec_mode=exec")
		if err != nil {
			return err
		}
		return errors.Join(db.PingContext(context.Background()), db.Close())
	}, pgbouncer, settings)
	if err == nil {
		c.running = append(c.running, p)
	}
	return address, err
}
