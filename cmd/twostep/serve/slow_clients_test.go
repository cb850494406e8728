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

// pipes is a listener whose clients are in this program, so that their time
// can be made to pass.
type pipes struct{ calls chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	c, open := <-p.calls
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// TestServeHTTP_SlowClients: who sends headers or a form too slowly, or more
// headers than any browser, or nothing more, is let go when his time is over,
// and others are answered meanwhile (RL-09).
func TestServeHTTP_SlowClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		listener := pipes{make(chan net.Conn)}
		site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				http.Error(w, "the form did not come", http.StatusRequestTimeout)
				return
			}
			io.WriteString(w, "done")
		})
		ended := make(chan error, 1)
		go func() { ended <- serveHTTP(ctx, listener, site, slog.New(slog.DiscardHandler)) }()
		call := func(says string) (answer string, after time.Duration) {
			client, server := net.Pipe()
			defer client.Close()
			listener.calls <- server
			began := time.Now()
			go io.WriteString(client, says)
			all, err := io.ReadAll(bufio.NewReader(client))
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
				t.Error(err)
			}
			first, _, _ := strings.Cut(string(all), "\r\n")
			return first, time.Since(began).Round(time.Second)
		}
		for name, row := range map[string]struct {
			says, answer string
			within       time.Duration
		}{
			"no headers":        {"", "", headerTimeout},
			"half a header":     {"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "", headerTimeout},
			"no form":           {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", "HTTP/1.1 408 Request Timeout", readTimeout},
			"half a form":       {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 408 Request Timeout", readTimeout},
			"nothing more":      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK", idleTimeout},
			"a megabyte cookie": {"GET / HTTP/1.1\r\nHost: x\r\nCookie: x=" + strings.Repeat("x", 1<<20) + "\r\n\r\n", "HTTP/1.1 431 Request Header Fields Too Large", headerTimeout},
		} {
			answer, after := call(row.says)
			if answer != row.answer || after > row.within+time.Second {
				t.Errorf("%s: %q after %v, want %q within %v", name, answer, after, row.answer, row.within)
			}
			if quick, at := call("GET / HTTP/1.0\r\nHost: x\r\n\r\n"); quick != "HTTP/1.0 200 OK" || at > 0 {
				t.Errorf("%s: then another got %q after %v", name, quick, at)
			}
		}
		stop()
		close(listener.calls)
		if err := <-ended; err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}
