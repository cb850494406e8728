package courier_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"twostep/cmd/twostep/courier"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// answering is a provider that answers every request with one status and body.
func answering(t *testing.T, status int, body string) *courier.Twilio {
	t.Helper()
	return providedBy(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

func providedBy(t *testing.T, answer http.HandlerFunc) *courier.Twilio {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	provider, err := courier.ParseTwilio("twilio://ACann:s3cret@" + strings.TrimPrefix(server.URL, "http://") + "?from=+12025550100")
	if err != nil {
		t.Fatal(err)
	}
	return provider
}

func TestTwilio_Sends(t *testing.T) {
	provider := providedBy(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/2010-04-01/Accounts/ACann/Messages.json" || r.URL.RawQuery != "" {
			t.Errorf("the request is %s %s", r.Method, r.URL)
		}
		if user, token, _ := r.BasicAuth(); user != "ACann" || token != "s3cret" {
			t.Errorf("it comes from %q with %q", user, token)
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		if len(r.PostForm) != 3 || r.PostForm.Get("To") != sms.To || r.PostForm.Get("From") != "+12025550100" || r.PostForm.Get("Body") != sms.Body {
			t.Errorf("the form is %v", r.PostForm)
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"sid":"SM1","status":"queued","to":%q,"error_code":null,"error_message":null}`, sms.To)
	})
	if err := provider.Send(t.Context(), sms); err != nil {
		t.Error(err)
	}
}

// TestTwilio_Answers: answers as the API documents them, and as it does not.
func TestTwilio_Answers(t *testing.T) {
	tests := map[string]struct {
		status    int
		body      string
		want      string
		permanent bool
	}{
		"wrong token":         {401, `{"code":20003,"message":"Authentication Error - invalid username ACann or s3cret","more_info":"https://www.twilio.com/docs/errors/20003","status":401}`, "answered 401: error 20003, Authentication Error - invalid username … or …", false},
		"too many":            {429, `{"code":20429,"message":"Too Many Requests","more_info":"https://www.twilio.com/docs/errors/20429","status":429}`, "answered 429: error 20429, Too Many Requests", false},
		"not a number":        {400, `{"code":21211,"message":"The 'To' number +12025550123 is not a valid phone number.","more_info":"https://www.twilio.com/docs/errors/21211","status":400}`, "answered 400: error 21211, The 'To' number +••••••••••• is not a valid phone number.", true},
		"a number as written": {400, `{"code":21211,"message":"(202) 555-0123\nlevel=ERROR \u001b[2J","status":400}`, "error 21211, (•••) •••-•••• level=ERROR", true},
		"a long story":        {400, `{"code":1,"message":"` + strings.Repeat("x", 5000) + `"}`, "error 1, " + strings.Repeat("x", 200), true},
		"an echo":             {400, `{"code":1,"message":"Body: 123456 is your <Twostep> code"}`, "Body: •••••• is your", true},
		"only a code":         {404, `{"code":20404}`, "answered 404: error 20404", false},
		"no JSON":             {403, `<html>bob 123456 s3cret</html>`, "answered 403", false},
		"other JSON":          {400, `["123456"]`, "answered 400", true},
		"broken":              {500, `{"code":20500,"message":"Internal Server Error","status":500}`, "answered 500: error 20500", false},
		"nothing":             {503, ``, "answered 503", false},
		"a page instead":      {200, `<html>Welcome, bob 123456</html>`, "answered 200, but not as the Messages API does", false},
		"a success of what":   {200, `{}`, "answered 200, but not as", false},
		"an empty success":    {204, ``, "answered 204, but not as", false},
		"taken and failed":    {201, `{"sid":"SM1","status":"failed","error_code":30006}`, "error 30006", false},
		"failed":              {201, `{"sid":"SM1","status":"undelivered","error_code":null}`, "took the message and failed", false},
		"endless":             {201, `{"sid":"` + strings.Repeat("x", 1<<20) + `"}`, "answered 201, but not as", false},
		"an endless refusal":  {400, `{"code":1,"message":"` + strings.Repeat("x", 1<<20) + `"}`, "answered 400", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := answering(t, test.status, test.body).Send(t.Context(), sms)
			failed(t, err, test.want, test.permanent)
			if len([]rune(err.Error())) > 350 {
				t.Errorf("the error has %d signs", len(err.Error()))
			}
		})
	}
}

func TestTwilio_FollowsNoRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	provider := providedBy(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	failed(t, provider.Send(t.Context(), sms), "answered 307, and redirects are not followed", false)
}

func TestTwilio_LeavesASilentProvider(t *testing.T) {
	for name, begin := range map[string]string{"from the beginning": "", "in the middle": `{"sid":"SM`} {
		t.Run(name, func(t *testing.T) {
			provider := providedBy(t, func(w http.ResponseWriter, r *http.Request) {
				if begin != "" {
					w.WriteHeader(http.StatusCreated)
					io.WriteString(w, begin)
					w.(http.Flusher).Flush()
				}
				untilGone(r)
			})
			if provider.Client.Timeout <= 0 || provider.Client.Timeout > 10*time.Second {
				t.Errorf("a silent provider is left after %v, want 10 s at most", provider.Client.Timeout)
			}
			provider.Client.Timeout = 50 * time.Millisecond
			failed(t, provider.Send(t.Context(), sms), "no answer in time", false)
		})
	}
}

// untilGone waits until whoever made a request has hung up.
func untilGone(r *http.Request) {
	io.Copy(io.Discard, r.Body) // or the server does not notice
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
			t.Errorf("%s is read as %+v", given, *got)
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
		refused(t, given, func() error { _, err := courier.ParseTwilio(given); return err }())
	}
}
