package courier_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
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

// verify implements a receiver as the package documentation describes it,
// independently of the package.
func verify(r *http.Request, key []byte, now time.Time) (m courier.Message, valid bool) {
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

func newWebhook(t *testing.T, url string) *courier.Webhook {
	t.Helper()
	hook, err := courier.ParseWebhook(url)
	if err != nil {
		t.Fatal(err)
	}
	hook.Keys = [][]byte{[]byte("newest key"), []byte("older key")}
	return hook
}

// TestWebhook_SignatureKeys checks that the newest and the older key verify a
// request, and no other key does.
func TestWebhook_SignatureKeys(t *testing.T) {
	for key, want := range map[string]bool{"newest key": true, "older key": true, "other key": false, "": false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			m, valid := verify(r, []byte(key), time.Now())
			if valid != want || valid && m != sms {
				t.Errorf("key %q: valid = %v, message %+v", key, valid, m)
			}
			if r.Method != http.MethodPost || r.URL.Path != "/sms" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("User-Agent") != "twostep" {
				t.Errorf("request = %s %s, header %v", r.Method, r.URL, r.Header)
			}
			w.WriteHeader(http.StatusNoContent)
		}))
		if err := newWebhook(t, server.URL+"/sms").Send(t.Context(), sms); err != nil {
			t.Errorf("key %q: %v", key, err)
		}
		server.Close()
	}
}

func TestWebhook_SignatureCoversRequest(t *testing.T) {
	hook := newWebhook(t, "http://localhost/")
	recorder := &recorder{}
	hook.Client.Transport = recorder
	if err := hook.Send(t.Context(), sms); err != nil {
		t.Fatal(err)
	}
	header := recorder.header.Get(courier.SignatureHeader)
	want := `{"channel":"sms","to":"+12025550123","subject":"","body":"123456 is your <Twostep> code.\n\n@id.example.org #123456","sent_at":"2026-01-02T03:04:05Z"}`
	if recorder.body != want {
		t.Errorf("body:\n%s\nwant:\n%s", recorder.body, want)
	}
	stamp, _, _ := strings.Cut(strings.TrimPrefix(header, "t="), ",")
	for name, test := range map[string]struct {
		body, header string
		now          time.Time
		valid        bool
	}{
		"unchanged":         {want, header, time.Now(), true},
		"changed recipient": {strings.Replace(want, "0123", "0124", 1), header, time.Now(), false},
		"invalid time":      {want, strings.Replace(header, stamp, stamp[:len(stamp)-1]+"x", 1), time.Now(), false},
		"changed time":      {want, strings.Replace(header, "t=1", "t=01", 1), time.Now(), false},
		"six minutes late":  {want, header, time.Now().Add(6 * time.Minute), false},
		"no signature":      {want, "t=" + stamp, time.Now(), false},
		"empty signature":   {want, "t=" + stamp + ",v1=", time.Now(), false},
		"no header":         {want, "", time.Now(), false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(test.body))
		r.Header.Set("Twostep-Signature", test.header)
		if _, valid := verify(r, hook.Keys[0], test.now); valid != test.valid {
			t.Errorf("%s: valid = %v, want %v", name, valid, test.valid)
		}
	}
}

// A recorder records a request instead of sending it.
type recorder struct {
	header http.Header
	body   string
}

func (rec *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	rec.header, rec.body = r.Header, string(body)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, err
}

func TestWebhook_Statuses(t *testing.T) {
	status := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		io.Copy(w, r.Body) // a response that contains the code
	}))
	defer server.Close()
	hook := newWebhook(t, server.URL+"/s3cret?token=s3cret")
	for _, status = range []int{200, 201, 202, 204} {
		if err := hook.Send(t.Context(), sms); err != nil {
			t.Errorf("%d: %v", status, err)
		}
	}
	for _, status = range []int{400, 410, 413, 422} {
		checkError(t, hook.Send(t.Context(), sms), "returned status "+strconv.Itoa(status), true)
	}
	for _, status = range []int{304, 401, 403, 404, 405, 407, 408, 429, 500, 502, 503} {
		checkError(t, hook.Send(t.Context(), sms), "returned status "+strconv.Itoa(status), false)
	}
}

func TestWebhook_Redirect(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("redirect was followed") }))
	defer target.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(target.URL+"/s3cret", status))
		checkError(t, newWebhook(t, server.URL).Send(t.Context(), sms), "returned status "+strconv.Itoa(status)+"; redirects are not followed", false)
		server.Close()
	}
}

func TestWebhook_Timeout(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { waitForDisconnect(r) }))
	defer server.Close()
	hook := newWebhook(t, server.URL)
	if hook.Client.Timeout <= 0 || hook.Client.Timeout > 10*time.Second {
		t.Errorf("timeout = %v, want at most 10s", hook.Client.Timeout)
	}
	hook.Client.Timeout = 50 * time.Millisecond
	checkError(t, hook.Send(t.Context(), sms), "timed out", false)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	checkError(t, newWebhook(t, server.URL).Send(ctx, sms), "timed out", false)
	cancel()
	checkError(t, newWebhook(t, server.URL).Send(ctx, sms), "", false)
}

// TestWebhook_InvalidResponse checks that errors do not quote the response, which
// may repeat the request.
func TestWebhook_InvalidResponse(t *testing.T) {
	echo := listen(t, func(conn net.Conn, r *bufio.Reader) {
		line, _ := r.ReadString('\n')
		io.WriteString(conn, line)
	})
	host := "127.0.0.1:" + strconv.Itoa(echo)
	checkError(t, newWebhook(t, "http://bob:s3cret@"+host+"/s3cret").Send(t.Context(), sms), "webhook "+host+": invalid response", false)
	checkError(t, newWebhook(t, "https://bob:s3cret@"+host+"/s3cret").Send(t.Context(), sms), "webhook "+host, false)

	silent := listen(t, func(_ net.Conn, r *bufio.Reader) { r.ReadString('\n') })
	checkError(t, newWebhook(t, "http://bob:s3cret@127.0.0.1:"+strconv.Itoa(silent)+"/s3cret").Send(t.Context(), sms), "webhook", false)
}

func TestWebhook_Unreachable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	checkError(t, newWebhook(t, server.URL+"/s3cret").Send(t.Context(), sms), "connection refused", false)
}

// TestWebhook_TLS checks that a receiver with an untrusted certificate gets no
// message.
func TestWebhook_TLS(t *testing.T) {
	calls := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	hook := newWebhook(t, server.URL+"/s3cret")
	checkError(t, hook.Send(t.Context(), sms), "certificate", false)
	if calls > 0 {
		t.Error("receiver got the message")
	}
	hook.Client.Transport = server.Client().Transport
	if err := hook.Send(t.Context(), sms); err != nil || calls != 1 {
		t.Errorf("trusted certificate: %v, %d calls", err, calls)
	}
}

func TestWebhook_Credentials(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "bob" || password != "s3cret" {
			t.Errorf("credentials = %q, %q", user, password)
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
		_, err := courier.ParseWebhook(given)
		checkParseError(t, given, err)
	}
}
