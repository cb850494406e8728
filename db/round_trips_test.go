package db

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// On PostgreSQL, a transaction sends its queries when the result of one is needed, which
// also begins it, and at the end. The connection is kept for the next.
func TestWrite_RoundTrips(t *testing.T) {
	db, trips, connections := openCounted(t)
	db.addAnn(t)
	ctx, opened := t.Context(), connections.Load()
	queue := func(tx *tx) error { return tx.Queue(ctx, `UPDATE users SET name = 'Ann' WHERE id = 'ann'`) }
	require := func(tx *tx) error { return tx.Require(ctx, `UPDATE users SET must_change = 1 WHERE id = 'ann'`) }
	find := func(tx *tx) error {
		return tx.Find(ctx, engine.Row{new(string)}, `SELECT name FROM users WHERE id = 'ann'`)
	}
	for name, c := range map[string]struct {
		commit bool
		do     []func(*tx) error
		want   int64
	}{
		"nothing":              {false, nil, 0},
		"queued, rolled back":  {false, []func(*tx) error{queue}, 0},
		"queued":               {true, []func(*tx) error{queue, queue}, 1},
		"required":             {true, []func(*tx) error{queue, require}, 2},
		"read":                 {true, []func(*tx) error{queue, require, find}, 2},
		"read, rolled back":    {false, []func(*tx) error{queue, find}, 2},
		"a result at the end":  {true, []func(*tx) error{find, require}, 3},
		"no result at the end": {true, []func(*tx) error{find, queue}, 2},
	} {
		for _, first := range []bool{true, false} { // the first time prepares the queries
			before := trips.Load()
			done, err := db.write(ctx, "count", "", func(tx *tx) (bool, error) {
				for _, do := range c.do {
					if err := do(tx); err != nil {
						return false, err
					}
				}
				return c.commit, nil
			})
			if done != c.commit || err != nil {
				t.Errorf("%s: done %v, %v", name, done, err)
			}
			if n := trips.Load() - before; !first && n != c.want {
				t.Errorf("%s: %d round trips, want %d", name, n, c.want)
			}
		}
	}
	if n := connections.Load() - opened; n != 0 {
		t.Errorf("%d more connections", n)
	}
}

// openCounted opens a database through a proxy that counts connections, and the requests on
// them that the server answers as one.
func openCounted(t *testing.T) (db testDB, trips, connections *atomic.Int64) {
	t.Helper()
	direct, err := url.Parse(emptyDatabase(t))
	must(t, err)
	query := direct.Query()
	server, folder := query.Get("host"), t.TempDir()
	const socket = ".s.PGSQL.5432"
	listener, err := net.Listen("unix", filepath.Join(folder, socket))
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	trips, connections = &atomic.Int64{}, &atomic.Int64{}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			upstream, err := net.Dial("unix", filepath.Join(server, socket))
			if err != nil {
				_ = client.Close()
				continue
			}
			go func() {
				_, _ = io.Copy(client, upstream)
				_ = client.Close()
			}()
			go func() {
				_ = forward(upstream, client, trips)
				_ = upstream.Close()
			}()
		}
	}()
	query.Set("host", folder)
	direct.RawQuery = query.Encode()
	return openPostgresURL(t, direct.String(), auth.NewKeyring()), trips, connections
}

// forward copies a client's messages and counts those that end a request: Sync, and Query
// except the pings of a connection that was idle.
func forward(to io.Writer, from io.Reader, trips *atomic.Int64) error {
	client := bufio.NewReader(from)
	for kind := 0; ; kind = 1 { // the first message has no byte for its kind
		header, err := client.Peek(kind + 4)
		if err != nil {
			return err
		}
		message := make([]byte, uint32(kind)+binary.BigEndian.Uint32(header[kind:]))
		if _, err := io.ReadFull(client, message); err != nil {
			return err
		}
		if kind == 1 && (message[0] == 'S' || message[0] == 'Q' && !bytes.Contains(message, []byte("-- ping"))) {
			trips.Add(1)
		}
		if _, err := to.Write(message); err != nil {
			return err
		}
	}
}
