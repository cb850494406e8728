package serve

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A pipeListener accepts connections from this process, so that synctest can
// advance their time.
type pipeListener struct{ conns chan net.Conn }

func (p pipeListener) Accept() (net.Conn, error) {
	c, open := <-p.conns
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipeListener) Close() error   { return nil }
func (p pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// TestServeHTTP_SlowClients: clients that send headers or a form too slowly, too
// large headers, or nothing are disconnected in time, while others are served
// (RL-09).
func TestServeHTTP_SlowClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		listener := pipeListener{make(chan net.Conn)}
		site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				http.Error(w, "the form is incomplete", http.StatusRequestTimeout)
				return
			}
			io.WriteString(w, "done")
		})
		ended := make(chan error, 1)
		go func() { ended <- serveHTTP(ctx, listener, site, slog.New(slog.DiscardHandler)) }()
		send := func(text string) (status string, duration time.Duration) {
			client, server := net.Pipe()
			defer client.Close()
			listener.conns <- server
			start := time.Now()
			go io.WriteString(client, text)
			all, err := io.ReadAll(bufio.NewReader(client))
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
				t.Error(err)
			}
			first, _, _ := strings.Cut(string(all), "\r\n")
			return first, time.Since(start).Round(time.Second)
		}
		for name, row := range map[string]struct {
			text, status string
			timeout      time.Duration
		}{
			"no headers":        {"", "", headerTimeout},
			"half a header":     {"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "", headerTimeout},
			"no form":           {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", "HTTP/1.1 408 Request Timeout", readTimeout},
			"half a form":       {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 408 Request Timeout", readTimeout},
			"no second request": {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK", idleTimeout},
			"a megabyte cookie": {"GET / HTTP/1.1\r\nHost: x\r\nCookie: x=" + strings.Repeat("x", 1<<20) + "\r\n\r\n", "HTTP/1.1 431 Request Header Fields Too Large", headerTimeout},
		} {
			status, duration := send(row.text)
			if status != row.status || duration > row.timeout+time.Second {
				t.Errorf("%s: %q after %v, want %q within %v", name, status, duration, row.status, row.timeout)
			}
			if status, duration := send("GET / HTTP/1.0\r\nHost: x\r\n\r\n"); status != "HTTP/1.0 200 OK" || duration > 0 {
				t.Errorf("%s: then another client got %q after %v", name, status, duration)
			}
		}
		stop()
		close(listener.conns)
		if err := <-ended; err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}
