package serve

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
)

// TestServeHTTP_FinishesWhatIsInFlight: a person whose form is on its way when
// the program is told to stop still gets the answer.
func TestServeHTTP_FinishesWhatIsInFlight(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	site := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stop()
		// The listener is closed before anything else is waited for.
		for {
			connection, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				break
			}
			connection.Close()
		}
		io.WriteString(w, "done")
	})
	ended := make(chan error, 1)
	go func() { ended <- serveHTTP(ctx, listener, site, slog.New(slog.DiscardHandler)) }()

	answer, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "done" {
		t.Errorf("the answer is %q, %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
