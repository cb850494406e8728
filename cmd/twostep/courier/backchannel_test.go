package courier_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"twostep/cmd/twostep/courier"
)

// A receiver that does not behave costs one connection for as long as a message may take,
// and little memory. Only the status counts, so what follows it is not read (LG-06).
func TestBackchannel_Receivers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	chunk := strings.Repeat("x", 64<<10)
	for name, row := range map[string]struct {
		respond func(net.Conn) error // until it fails
		err     string               // empty for none
	}{
		"never answers": {func(net.Conn) error { return nil }, "timed out"},
		"byte by byte": {func(c net.Conn) error {
			ticks := time.NewTicker(50 * time.Millisecond)
			defer ticks.Stop()
			for _, b := range []byte(strings.Repeat(ok, 9)) {
				<-ticks.C
				if _, err := c.Write([]byte{b}); err != nil {
					return err
				}
			}
			return nil
		}, "timed out"},
		"endless header": {func(c net.Conn) error { return endless(c, ok, "X: "+chunk[:100]+"\r\n") }, "invalid response"},
		"endless body":   {func(c net.Conn) error { return endless(c, ok+"\r\n", chunk) }, ""},
		"closes":         {func(c net.Conn) error { return c.Close() }, "connection closed"},
		"redirects":      {func(c net.Conn) error { return endless(c, "HTTP/1.1 307 x\r\nLocation: /x\r\n\r\n", chunk) }, "redirects are not followed"},
		"no HTTP":        {func(c net.Conn) error { return endless(c, "220 mail\r\n", chunk) }, "invalid response"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			ended := make(chan error, 1)
			go func() {
				conn, err := listener.Accept()
				if err == nil {
					defer conn.Close()
					err = readRequest(conn)
				}
				if err == nil {
					err = row.respond(conn)
				}
				if err == nil {
					_, err = io.Copy(io.Discard, conn) // until the other end closes it
				}
				ended <- err
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			err = courier.NewBackchannel().Send(ctx, courier.Message{To: "http://" + listener.Addr().String() + "/secret", Body: "token"})
			if _, permanent := errors.AsType[*courier.Permanent](err); permanent || (err == nil) != (row.err == "") || err != nil && !strings.Contains(err.Error(), row.err) {
				t.Errorf("%v, want %q", err, row.err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error has the URI: %v", err)
			}
			if err := <-ended; errors.Is(err, errAccepted) { // it ends when the connection is closed
				t.Error(err)
			}
		})
	}
}

// readRequest reads a whole request: a client may reject a response that comes before.
func readRequest(c net.Conn) error {
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err == nil {
		_, err = io.Copy(io.Discard, request.Body)
	}
	return err
}

var errAccepted = errors.New("everything was accepted")

// endless writes until the other end closes the connection, or far more than it should
// have read was accepted.
func endless(c net.Conn, first, then string) error {
	const most = 64 << 20
	if _, err := c.Write([]byte(first)); err != nil {
		return err
	}
	for n := 0; n < most; n += len(then) {
		if _, err := c.Write([]byte(then)); err != nil {
			return err
		}
	}
	return errAccepted
}
