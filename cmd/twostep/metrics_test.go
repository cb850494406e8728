package main

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

var metricsURL = regexp.MustCompile(`^Metrics: (http://\S+/metrics)\n$`)

// TestProgram_Metrics: requests are counted, and nothing that a client chooses
// becomes a label.
func TestProgram_Metrics(t *testing.T) {
	folder := t.TempDir()
	p := start(t, folder, "--metrics=127.0.0.1:0")
	address := readMatch(t, p.errors, metricsURL)
	site := "http://" + p.address
	for _, path := range []string{"/sign-in", "/s3cret-path", "/account/manage-mfa/phones/s3cret/use", "/static/s3cret"} { // the third redirects to /sign-in
		get(t, site+path)
	}
	resp, err := http.PostForm(site+"/sign-in", url.Values{"email": {"s3cret@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	wantOutput(t, folder, 0, "was added", "user", "add", "ann@example.org") // its mail is queued

	_, output := get(t, address)
	for _, want := range []string{
		`twostep_http_request_duration_seconds_count{route="/sign-in",status="2xx"} 2`,
		`twostep_http_request_duration_seconds_count{route="/sign-in",status="4xx"} 1`,
		`twostep_http_request_duration_seconds_count{route="",status="4xx"} 1`,
		`twostep_http_requests_rejected_total{reason="forged",route="/sign-in"} 1`,
		`route="/account/manage-mfa/phones/:id/use"`,
		`twostep_password_hash_queue_length 0`, `twostep_database_up 1`, `twostep_outbox_messages{state="waiting"}`,
		`twostep_database_max_open_connections{pool="write"} 1`, `go_goroutines`,
	} {
		if !strings.Contains(output, want) {
			t.Errorf("%s is missing in\n%s", want, output)
		}
	}
	if strings.Contains(output, "s3cret") {
		t.Error("a label has what a client chose")
	}
	if _, page := get(t, strings.TrimSuffix(address, "metrics")); strings.Contains(page, "twostep_") {
		t.Error("the metrics are served at / too")
	}
	if _, page := get(t, site+"/metrics"); strings.Contains(page, "twostep_") {
		t.Error("the metrics are public")
	}
	if code, output := p.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, output)
	}
}

func TestProgram_MetricsAddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	wantOutput(t, t.TempDir(), 1, "--metrics: "+taken.Addr().String()+" is in use", "--listen=127.0.0.1:0", "--metrics", taken.Addr().String())
}
