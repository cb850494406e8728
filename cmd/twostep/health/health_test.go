package health

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"twostep/cmd/twostep/internal/cli"
)

// TestHealth: the exit code and output for a server that is ready, is not, and
// does not run.
func TestHealth(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/readyz" {
			t.Errorf("requested %s", req.URL)
		}
		w.WriteHeader(status)
		w.Write([]byte(http.StatusText(status) + "\n"))
	}))
	defer server.Close()
	address := server.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	want := func(wantCode int, part, listen string) {
		t.Helper()
		var out bytes.Buffer
		code := cli.Run(new(Command), []string{"--listen=" + listen}, cli.Streams{Out: &out, Err: &out})
		if code != wantCode || !strings.Contains(out.String(), part) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("--listen=%s: exit code %d and %q, want %d and %q", listen, code, out.String(), wantCode, part)
		}
	}
	want(0, "OK", address)
	want(0, "OK", ":"+port)
	want(0, "OK", "0.0.0.0:"+port)
	status = http.StatusServiceUnavailable
	want(1, "not ready: 503 Service Unavailable", address)
	want(2, "--listen", "8080")
	want(2, "--listen", "127.0.0.1:0")
	server.Close()
	want(1, "no server responds", address)
}
