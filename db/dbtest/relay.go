package dbtest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// A Relay is between clients and the server, and tests decide what becomes of each message.
type Relay struct {
	server   *Postgres
	port     int
	listener net.Listener
	conns    sync.WaitGroup
	judge    atomic.Pointer[func(Message) Fate]
}

// A Message is one of PostgreSQL's protocol.
type Message struct {
	FromServer bool
	Kind       byte // 0 for the first one of a connection
	Body       []byte
}

// A Fate is what becomes of a message, and of all later ones of its connection.
type Fate int

// The fates of messages.
const (
	Pass Fate = iota // to the other side
	Cut              // the connection is closed
	Hang             // nothing more arrives at either side
)

// StartRelay starts a relay, which ends before the server. Several need different ports.
func (p *Postgres) StartRelay(port int) (*Relay, error) {
	listener, err := net.Listen("unix", p.socket(port))
	if err != nil {
		return nil, err
	}
	r := &Relay{server: p, port: port, listener: listener}
	r.Judge(func(Message) Fate { return Pass })
	r.conns.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			r.conns.Go(func() { r.relay(client) })
		}
	})
	return r, nil
}

// socket is the file by which clients on this machine find a port.
func (p *Postgres) socket(port int) string {
	return filepath.Join(p.folder, fmt.Sprint(".s.PGSQL.", port))
}

// URL returns the connection URL of a database through the relay.
func (r *Relay) URL(database string) string { return r.server.url(database, r.port) }

// Judge sets what decides from now on. It is called by several goroutines.
func (r *Relay) Judge(judge func(Message) Fate) { r.judge.Store(&judge) }

// Stop ends the relay. Its clients must be closed.
func (r *Relay) Stop() error {
	err := r.listener.Close()
	r.conns.Wait()
	return err
}

func (r *Relay) relay(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", r.server.socket(postgresPort))
	if err != nil {
		return
	}
	defer server.Close()
	var hangs atomic.Bool
	var both sync.WaitGroup
	both.Go(func() {
		r.pass(server, client, true, &hangs)
		if !hangs.Load() {
			client.Close() // also ends the other direction
		}
	})
	r.pass(client, server, false, &hangs)
	client.Close()
	server.Close()
	both.Wait()
}

// pass passes on the messages of one direction until the connection ends.
func (r *Relay) pass(from, to net.Conn, fromServer bool, hangs *atomic.Bool) {
	for started := fromServer; ; started = true { // only the first message of a client has no kind
		text, err := readMessage(from, started)
		if err != nil {
			return
		}
		if hangs.Load() {
			continue
		}
		m := Message{FromServer: fromServer, Body: text[4:]}
		if started {
			m.Kind, m.Body = text[0], text[5:]
		}
		switch (*r.judge.Load())(m) {
		case Cut:
			return
		case Hang:
			hangs.Store(true)
		default:
			_, _ = to.Write(text) // if it fails, the other direction ends
		}
	}
}

// readMessage reads one message: its kind, if it has one, its length and its body.
func readMessage(from io.Reader, hasKind bool) (text []byte, err error) {
	head := 4
	if hasKind {
		head = 5
	}
	text = make([]byte, head)
	if _, err := io.ReadFull(from, text); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(text[head-4:])-4)
	_, err = io.ReadFull(from, body)
	return append(text, body...), err
}
