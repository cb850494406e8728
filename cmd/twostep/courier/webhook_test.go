package courier_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"twostep/cmd/twostep/courier"
)

var sms = courier.Message{
	Channel: "sms", To: "+12025550123", Body: "123456 is your <Twostep> code.\n\n@id.example.org #123456",
	SentAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
}

// received does what the package comment asks of a receiver, with no code of
// the package: it believes a request, or it does not.
func received(r *http.Request, key []byte, now time.Time) (m courier.Message, believed bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return m, false
	}
	var t string
	var signatures []string
	for field := range strings.SplitSeq(r.Header.Get("Twostep-Signature"), ",") {
		switch name, value, _ := strings.Cut(field, "="); name {
		case "t":
			t = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	seconds, err := strconv.ParseInt(t, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return m, false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(t + "." + string(body)))
	want := hex.EncodeToString(mac.Sum(nil))
	for _, signature := range signatures {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return m, json.Unmarshal(body, &m) == nil
		}
	}
	return m, false
}

func newWebhook(t *testing.T, address string) *courier.Webhook {
	t.Helper()
	hook, err := courier.ParseWebhook(address)
	if err != nil {
		t.Fatal(err)
	}
	hook.Keys = [][]byte{[]byte("the newest key of the ring"), []byte("an older key of the ring")}
	return hook
}

// TestWebhook_AReceiverBelieves: with the newest key, with the one before it,
// and with no other; and never a body or a time that was changed.
func TestWebhook_AReceiverBelieves(t *testing.T) {
	for key, want := range map[string]bool{"the newest key of the ring": true, "an older key of the ring": true, "a key of somebody else": false, "": false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			m, believed := received(r, []byte(key), time.Now())
			if believed != want || believed && m != sms {
				t.Errorf("with %q a receiver believes: %v, %+v", key, believed, m)
			}
			if r.Method != http.MethodPost || r.URL.Path != "/sms" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("User-Agent") != "twostep" {
				t.Errorf("the request is %s %s with %v", r.Method, r.URL, r.Header)
			}
			w.WriteHeader(http.StatusNoContent)
		}))
		if err := newWebhook(t, server.URL+"/sms").Send(t.Context(), sms); err != nil {
			t.Errorf("with %q: %v", key, err)
		}
		server.Close()
	}
}

func TestWebhook_AReceiverSeesWhatWasChanged(t *testing.T) {
	hook := newWebhook(t, "http://localhost/")
	capture := &captured{}
	hook.Client.Transport = capture
	if err := hook.Send(t.Context(), sms); err != nil {
		t.Fatal(err)
	}
	header := capture.header.Get(courier.SignatureHeader)
	want := `{"channel":"sms","to":"+12025550123","subject":"","body":"123456 is your <Twostep> code.\n\n@id.example.org #123456","sent_at":"2026-01-02T03:04:05Z"}`
	if capture.body != want {
		t.Errorf("the body is\n%s\nwant\n%s", capture.body, want)
	}
	stamp, _, _ := strings.Cut(strings.TrimPrefix(header, "t="), ",")
	for name, changed := range map[string]struct {
		body, header string
		now          time.Time
		believed     bool
	}{
		"nothing":             {want, header, time.Now(), true},
		"the recipient":       {strings.Replace(want, "0123", "0124", 1), header, time.Now(), false},
		"the time":            {want, strings.Replace(header, stamp, stamp[:len(stamp)-1]+"x", 1), time.Now(), false},
		"the time by a bit":   {want, strings.Replace(header, "t=1", "t=01", 1), time.Now(), false},
		"when it came":        {want, header, time.Now().Add(6 * time.Minute), false},
		"no signature":        {want, "t=" + stamp, time.Now(), false},
		"an empty one":        {want, "t=" + stamp + ",v1=", time.Now(), false},
		"the header is empty": {want, "", time.Now(), false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(changed.body))
		r.Header.Set("Twostep-Signature", changed.header)
		if _, believed := received(r, hook.Keys[0], changed.now); believed != changed.believed {
			t.Errorf("changed %s: a receiver believes %v, want %v", name, believed, changed.believed)
		}
	}
}

// captured keeps one request instead of sending it.
type captured struct {
	header http.Header
	body   string
}

func (c *captured) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	c.header, c.body = r.Header, string(body)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, err
}

func TestWebhook_Statuses(t *testing.T) {
	status := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		io.Copy(w, r.Body) // an answer that repeats the code
	}))
	defer server.Close()
	hook := newWebhook(t, server.URL+"/s3cret?token=s3cret")
	for _, status = range []int{200, 201, 202, 204} {
		if err := hook.Send(t.Context(), sms); err != nil {
			t.Errorf("%d: %v", status, err)
		}
	}
	for _, status = range []int{400, 410, 413, 422} {
		failed(t, hook.Send(t.Context(), sms), "answered "+strconv.Itoa(status), true)
	}
	for _, status = range []int{304, 401, 403, 404, 405, 407, 408, 429, 500, 502, 503} {
		failed(t, hook.Send(t.Context(), sms), "answered "+strconv.Itoa(status), false)
	}
}

func TestWebhook_FollowsNoRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/s3cret", status))
		failed(t, newWebhook(t, server.URL).Send(t.Context(), sms), "answered "+strconv.Itoa(status)+", and redirects are not followed", false)
		server.Close()
	}
}

func TestWebhook_LeavesASilentReceiver(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { untilGone(r) }))
	defer server.Close()
	hook := newWebhook(t, server.URL)
	if hook.Client.Timeout <= 0 || hook.Client.Timeout > 10*time.Second {
		t.Errorf("a silent receiver is left after %v, want 10 s at most", hook.Client.Timeout)
	}
	hook.Client.Timeout = 50 * time.Millisecond
	failed(t, hook.Send(t.Context(), sms), "no answer in time", false)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	failed(t, newWebhook(t, server.URL).Send(ctx, sms), "no answer in time", false)
	cancel()
	failed(t, newWebhook(t, server.URL).Send(ctx, sms), "", false)
}

// TestWebhook_NoEcho: whatever answers, and be it with what it was sent,
// nothing of that is in the error.
func TestWebhook_NoEcho(t *testing.T) {
	echo := listener(t, func(c net.Conn, lines *bufio.Reader) {
		line, _ := lines.ReadString('\n')
		io.WriteString(c, line)
	})
	address := "127.0.0.1:" + strconv.Itoa(echo)
	failed(t, newWebhook(t, "http://bob:s3cret@"+address+"/s3cret").Send(t.Context(), sms), "the webhook at "+address+": its answer cannot be understood", false)
	failed(t, newWebhook(t, "https://bob:s3cret@"+address+"/s3cret").Send(t.Context(), sms), "the webhook at "+address, false)

	deaf := listener(t, func(_ net.Conn, lines *bufio.Reader) { lines.ReadString('\n') })
	failed(t, newWebhook(t, "http://bob:s3cret@127.0.0.1:"+strconv.Itoa(deaf)+"/s3cret").Send(t.Context(), sms), "the webhook at", false)
}

func TestWebhook_Unreachable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	failed(t, newWebhook(t, server.URL+"/s3cret").Send(t.Context(), sms), "connection refused", false)
}

// TestWebhook_TLS: a receiver whose certificate nobody vouches for gets nothing.
func TestWebhook_TLS(t *testing.T) {
	calls := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	defer server.Close()
	hook := newWebhook(t, server.URL+"/s3cret")
	failed(t, hook.Send(t.Context(), sms), "certificate", false)
	if calls > 0 {
		t.Error("it got the message")
	}
	hook.Client.Transport = server.Client().Transport
	if err := hook.Send(t.Context(), sms); err != nil || calls != 1 {
		t.Errorf("with a certificate that is trusted: %v, %d calls", err, calls)
	}
}

func TestWebhook_Credentials(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "bob" || password != "s3cret" {
			t.Errorf("it was called by %q with %q", user, password)
		}
	}))
	defer server.Close()
	if err := newWebhook(t, strings.Replace(server.URL, "//", "//bob:s3cret@", 1)).Send(t.Context(), sms); err != nil {
		t.Error(err)
	}
}

func TestParseWebhook(t *testing.T) {
	for _, given := range []string{
		"https://example.org/sms", "https://ann:s3cret@example.org:8443/sms?x=y", "http://localhost:8080", "http://127.0.0.1/sms", "http://[::1]:9/", "https://bücher.example/",
	} {
		if _, err := courier.ParseWebhook(given); err != nil {
			t.Errorf("%s: %v", given, err)
		}
	}
	for _, given := range []string{
		"", "s3cret", "example.org/s3cret", "http://example.org/s3cret", "http://192.0.2.1/s3cret", "http://localhost.example.org/s3cret",
		"http://127.0.0.1.example.org/", "ftp://example.org/s3cret", "https:example.org/s3cret", "https:///s3cret", "https://ann:s3cret@", "https://example.org:0/s3cret",
		"https://example.org/#s3cret", "https://example.org/%zzs3cret", "https://exa mple.org/s3cret", "https://example.org\n/s3cret", "http://localhost@example.org/s3cret",
	} {
		refused(t, given, func() error { _, err := courier.ParseWebhook(given); return err }())
	}
}
