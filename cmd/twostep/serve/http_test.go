package serve

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
)

// TestServeHTTP_FinishesRequests: a request in flight at shutdown is finished.
func TestServeHTTP_FinishesRequests(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	site := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stop()
		// Shutdown closes the listener first.
		for {
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				break
			}
			conn.Close()
		}
		io.WriteString(w, "done")
	})
	ended := make(chan error, 1)
	go func() { ended <- serveHTTP(ctx, listener, site, slog.New(slog.DiscardHandler)) }()

	resp, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "done" {
		t.Errorf("the response is %q, %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
