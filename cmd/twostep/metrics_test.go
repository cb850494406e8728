package main

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

var metricsAt = regexp.MustCompile(`^Metrics: (http://\S+/metrics)\n$`)

// TestProgram_Metrics: what a visitor does is counted, and nothing he chooses
// gets into the name of a counter.
func TestProgram_Metrics(t *testing.T) {
	folder := t.TempDir()
	p := start(t, folder, "--metrics=127.0.0.1:0")
	var at string
	for at == "" {
		line, err := p.errors.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if found := metricsAt.FindStringSubmatch(line); found != nil {
			at = found[1]
		}
	}
	site := "http://" + p.address
	for _, path := range []string{"/sign-in", "/s3cret-path", "/account/manage-mfa/phones/s3cret/use", "/static/s3cret"} { // the third leads to /sign-in
		get(t, site+path)
	}
	answer, err := http.PostForm(site+"/sign-in", url.Values{"email": {"s3cret@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	say(t, folder, 0, "was added", "user", "add", "ann@example.org") // whose mail waits for the server

	said := get(t, at)
	for _, want := range []string{
		`twostep_http_request_duration_seconds_count{route="/sign-in",status="2xx"} 2`,
		`twostep_http_request_duration_seconds_count{route="/sign-in",status="4xx"} 1`,
		`twostep_http_request_duration_seconds_count{route="",status="4xx"} 1`,
		`twostep_http_requests_rejected_total{reason="forged",route="/sign-in"} 1`,
		`route="/account/manage-mfa/phones/:id/use"`,
		`twostep_password_hash_queue_length 0`, `twostep_database_up 1`, `twostep_outbox_messages{state="waiting"}`,
		`twostep_database_max_open_connections{pool="write"} 1`, `go_goroutines`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%s is missing in\n%s", want, said)
		}
	}
	if strings.Contains(said, "s3cret") {
		t.Error("what a visitor chose is the name of a counter")
	}
	if page := get(t, strings.TrimSuffix(at, "metrics")); strings.Contains(page, "twostep_") {
		t.Error("the metrics are elsewhere too")
	}
	if page := get(t, site+"/metrics"); strings.Contains(page, "twostep_") {
		t.Error("the metrics are on the site")
	}
	if code, said := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, said)
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestProgram_MetricsAddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	say(t, t.TempDir(), 1, "--metrics: "+taken.Addr().String()+" is in use", "--listen=127.0.0.1:0", "--metrics", taken.Addr().String())
}
