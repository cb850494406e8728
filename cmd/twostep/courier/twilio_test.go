package courier_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"twostep/cmd/twostep/courier"
)

// respond starts a provider that returns one status and body for every request.
func respond(t *testing.T, status int, body string) *courier.Twilio {
	t.Helper()
	return startProvider(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

func startProvider(t *testing.T, handler http.HandlerFunc) *courier.Twilio {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	provider, err := courier.ParseTwilio("twilio://ACann:s3cret@" + strings.TrimPrefix(server.URL, "http://") + "?from=+12025550100")
	if err != nil {
		t.Fatal(err)
	}
	return provider
}

func TestTwilio_Sends(t *testing.T) {
	provider := startProvider(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/2010-04-01/Accounts/ACann/Messages.json" || r.URL.RawQuery != "" {
			t.Errorf("request = %s %s", r.Method, r.URL)
		}
		if user, token, _ := r.BasicAuth(); user != "ACann" || token != "s3cret" {
			t.Errorf("credentials = %q, %q", user, token)
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		if len(r.PostForm) != 3 || r.PostForm.Get("To") != sms.To || r.PostForm.Get("From") != "+12025550100" || r.PostForm.Get("Body") != sms.Body {
			t.Errorf("form = %v", r.PostForm)
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"sid":"SM1","status":"queued","to":%q,"error_code":null,"error_message":null}`, sms.To)
	})
	if err := provider.Send(t.Context(), sms); err != nil {
		t.Error(err)
	}
}

// TestTwilio_Responses covers documented and undocumented responses.
func TestTwilio_Responses(t *testing.T) {
	tests := map[string]struct {
		status    int
		body      string
		want      string
		permanent bool
	}{
		"wrong token":                {401, `{"code":20003,"message":"Authentication Error - invalid username ACann or s3cret","more_info":"https://www.twilio.com/docs/errors/20003","status":401}`, "returned status 401: error 20003, Authentication Error - invalid username … or …", false},
		"rate limited":               {429, `{"code":20429,"message":"Too Many Requests","more_info":"https://www.twilio.com/docs/errors/20429","status":429}`, "returned status 429: error 20429, Too Many Requests", false},
		"invalid number":             {400, `{"code":21211,"message":"The 'To' number +12025550123 is not a valid phone number.","more_info":"https://www.twilio.com/docs/errors/21211","status":400}`, "returned status 400: error 21211, The 'To' number +••••••••••• is not a valid phone number.", true},
		"number in another format":   {400, `{"code":21211,"message":"(202) 555-0123\nlevel=ERROR \u001b[2J","status":400}`, "error 21211, (•••) •••-•••• level=ERROR", true},
		"long message":               {400, `{"code":1,"message":"` + strings.Repeat("x", 5000) + `"}`, "error 1, " + strings.Repeat("x", 200), true},
		"quoted body":                {400, `{"code":1,"message":"Body: 123456 is your <Twostep> code"}`, "Body: •••••• is your", true},
		"code without a message":     {404, `{"code":20404}`, "returned status 404: error 20404", false},
		"not JSON":                   {403, `<html>bob 123456 s3cret</html>`, "returned status 403", false},
		"other JSON":                 {400, `["123456"]`, "returned status 400", true},
		"internal error":             {500, `{"code":20500,"message":"Internal Server Error","status":500}`, "returned status 500: error 20500", false},
		"empty body":                 {503, ``, "returned status 503", false},
		"HTML page":                  {200, `<html>Welcome, bob 123456</html>`, "returned status 200 without a message SID", false},
		"success without a SID":      {200, `{}`, "returned status 200 without", false},
		"success with an empty body": {204, ``, "returned status 204 without", false},
		"failed with an error code":  {201, `{"sid":"SM1","status":"failed","error_code":30006}`, "error 30006", false},
		"failed":                     {201, `{"sid":"SM1","status":"undelivered","error_code":null}`, "could not send the message: status undelivered", false},
		"endless success":            {201, `{"sid":"` + strings.Repeat("x", 1<<20) + `"}`, "returned status 201 without", false},
		"endless error":              {400, `{"code":1,"message":"` + strings.Repeat("x", 1<<20) + `"}`, "returned status 400", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := respond(t, test.status, test.body).Send(t.Context(), sms)
			checkError(t, err, test.want, test.permanent)
			if n := len([]rune(err.Error())); n > 350 {
				t.Errorf("error has %d characters", n)
			}
		})
	}
}

func TestTwilio_Redirect(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("redirect was followed") }))
	defer target.Close()
	provider := startProvider(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target.URL, http.StatusTemporaryRedirect)
	})
	checkError(t, provider.Send(t.Context(), sms), "returned status 307; redirects are not followed", false)
}

func TestTwilio_Timeout(t *testing.T) {
	for name, partial := range map[string]string{"no response": "", "incomplete response": `{"sid":"SM`} {
		t.Run(name, func(t *testing.T) {
			provider := startProvider(t, func(w http.ResponseWriter, r *http.Request) {
				if partial != "" {
					w.WriteHeader(http.StatusCreated)
					io.WriteString(w, partial)
					w.(http.Flusher).Flush()
				}
				waitForDisconnect(r)
			})
			if provider.Client.Timeout <= 0 || provider.Client.Timeout > 10*time.Second {
				t.Errorf("timeout = %v, want at most 10s", provider.Client.Timeout)
			}
			provider.Client.Timeout = 50 * time.Millisecond
			checkError(t, provider.Send(t.Context(), sms), "timed out", false)
		})
	}
}

// waitForDisconnect waits until the client closes the connection.
func waitForDisconnect(r *http.Request) {
	io.Copy(io.Discard, r.Body) // otherwise the server does not notice
	<-r.Context().Done()
}

func TestParseTwilio(t *testing.T) {
	for given, want := range map[string]courier.Twilio{
		"twilio://ACann:s3cret@api.twilio.com?from=+12025550100":        {Origin: "https://api.twilio.com", SID: "ACann", Token: "s3cret", From: "+12025550100"},
		"twilio://ACann:s3cret@api.twilio.com/?from=%2B12025550100":     {Origin: "https://api.twilio.com", SID: "ACann", Token: "s3cret", From: "+12025550100"},
		"twilio://a-b_1:s%2F3%3F@sms.example.org:8443?from=Two%20Step":  {Origin: "https://sms.example.org:8443", SID: "a-b_1", Token: "s/3?", From: "Two Step"},
		"twilio://ACann:s3cret@localhost:1?from=12345":                  {Origin: "http://localhost:1", SID: "ACann", Token: "s3cret", From: "12345"},
		"twilio://ACann:s3cret@[::1]:1?from=12345":                      {Origin: "http://[::1]:1", SID: "ACann", Token: "s3cret", From: "12345"},
		"twilio://ACann:s3cret@localhost.example.org?from=+12025550100": {Origin: "https://localhost.example.org", SID: "ACann", Token: "s3cret", From: "+12025550100"},
		"twilio://ACann:s3cret@192.0.2.1?from=+12025550100":             {Origin: "https://192.0.2.1", SID: "ACann", Token: "s3cret", From: "+12025550100"},
	} {
		got, err := courier.ParseTwilio(given)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		want.Client = got.Client
		if *got != want {
			t.Errorf("ParseTwilio(%q) = %+v, want %+v", given, *got, want)
		}
	}
	for _, given := range []string{
		"twilio:", "twilio://", "twilio:ACann:s3cret@example.org", "twilio://example.org?from=+12025550100", "twilio://ACann@example.org?from=+12025550100",
		"twilio://ACann:@example.org?from=+12025550100", "twilio://:s3cret@example.org?from=+12025550100", "twilio://AC%2Fx:s3cret@example.org?from=+12025550100",
		"twilio://..:s3cret@example.org?from=+12025550100", "twilio://ACann:s3cret@?from=+12025550100", "twilio://ACann:s3cret@example.org",
		"twilio://ACann:s3cret@example.org?from=", "twilio://ACann:s3cret@example.org?from=s3crets3crets3cret", "twilio://ACann:s3cret@example.org?from=+0123456",
		"twilio://ACann:s3cret@example.org?from=+12025550100&x=s3cret", "twilio://ACann:s3cret@example.org?to=+12025550100", "twilio://ACann:s3cret@example.org/s3cret?from=+12025550100",
		"twilio://ACann:s3cret@example.org:0?from=+12025550100", "twilio://ACann:s3cret@example.org?from=a%0Ab", "twilio://ACann:s3cret@example.org?from=+12025550100#s3cret",
		"twilio://ACann:s3cret#@example.org?from=+12025550100", "twilio://ACann:s3cret%zz@example.org?from=+12025550100",
	} {
		_, err := courier.ParseTwilio(given)
		checkParseError(t, given, err)
	}
}
