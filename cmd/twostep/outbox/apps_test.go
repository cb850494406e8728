package outbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/cmd/twostep/courier"
	"twostep/db"
)

// A testReceiver is the back channel of an app. It keeps the tokens that it gets.
type testReceiver struct {
	app    string // client ID
	tokens chan string

	mu     sync.Mutex
	status int
}

func (r *testReceiver) respond(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *testReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.tokens <- req.PostFormValue("logout_token")
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status == http.StatusTemporaryRedirect {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(r.status)
}

// newAppSender returns a sender to apps, with a function that adds an app.
func newAppSender(t *testing.T) (s *Sender, store *db.Store, clock *testClock, log func() string, addApp func(http.Handler) string) {
	t.Helper()
	s, store, clock, logged := newSender(t)
	s.Apps = oidc.New(store, s.Rules, "https://id.example.org")
	s.Couriers = map[auth.Channel]courier.Courier{auth.ToApps: courier.NewBackchannel()}
	return s, store, clock, logged.String, func(receiver http.Handler) string {
		t.Helper()
		server := httptest.NewServer(receiver)
		t.Cleanup(server.Close)
		id, _, err := s.Apps.AddApp(t.Context(), auth.Operator{}, oidc.App{
			Name: "Wiki", Kind: oidc.Web, Alg: oidc.ES256, RedirectURIs: []string{"https://wiki.example/callback"}, BackchannelURI: server.URL,
			RefreshIdle: auth.RefreshIdle, RefreshLifetime: auth.RefreshLifetime,
		})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
}

func queueLogout(t *testing.T, store *db.Store, app string, session auth.SessionID, now time.Time) {
	t.Helper()
	changes := auth.ChangeSet{At: now, Changes: []auth.Change{auth.QueueMessage{Message: auth.NewLogoutMessage(app, "ann", session, now)}}}
	if err := store.AddAttempt(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
}

// wantLogoutToken checks a token as section 2.6 of Back-Channel Logout 1.0 says, with the
// published keys and a library that is not ours.
func wantLogoutToken(t *testing.T, s *Sender, token, app, session string, now time.Time) {
	t.Helper()
	published, err := s.Apps.KeySet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatalf("%v: %s", err, token)
	}
	header := signed.Signatures[0].Protected
	payload, err := signed.Verify(published.Key(header.KeyID)[0])
	if err != nil || header.ExtraHeaders[jose.HeaderType] != "logout+jwt" {
		t.Fatalf("type %v, %v", header.ExtraHeaders[jose.HeaderType], err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	issued, _ := claims["iat"].(float64)
	expires, _ := claims["exp"].(float64)
	id, _ := claims["jti"].(string)
	events, _ := claims["events"].(map[string]any)
	event, isObject := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
	_, hasNonce := claims["nonce"]
	if claims["iss"] != "https://id.example.org" || claims["aud"] != app || claims["sub"] != "ann" || len(id) < 20 ||
		int64(issued) != now.Unix() || expires <= issued || expires > issued+120 || !isObject || len(event) != 0 || hasNonce {
		t.Errorf("claims are %s", payload)
	}
	if sid, _ := claims["sid"].(string); sid != session {
		t.Errorf("sid is %q, want %q", sid, session)
	}
}

// OI-50: an app gets a token that is signed when it is sent. It is sent again, with
// another signature, until the app has it, unless the app says that the request is invalid.
func TestSender_Logout(t *testing.T) {
	s, store, clock, log, addApp := newAppSender(t)
	receiver := &testReceiver{tokens: make(chan string, 9)}
	receiver.app = addApp(receiver)
	for name, row := range map[string]struct {
		status int
		again  bool
	}{
		"ok": {200, false}, "no content": {204, false}, "invalid": {400, false}, "not found": {404, true}, "server error": {500, true},
		"redirect": {307, true},
	} {
		queueLogout(t, store, receiver.app, "s1", clock.Now())
		receiver.respond(row.status)
		clock.advance(time.Hour)
		s.sendDue(t.Context(), auth.AppChannel(receiver.app))
		wantLogoutToken(t, s, <-receiver.tokens, receiver.app, "s1", clock.Now())
		receiver.respond(200)
		clock.advance(auth.MessageRetryMax)
		s.sendDue(t.Context(), auth.AppChannel(receiver.app))
		if again := len(receiver.tokens) == 1; again != row.again {
			t.Errorf("%s: sent again: %v", name, again)
			continue
		}
		if row.again {
			wantLogoutToken(t, s, <-receiver.tokens, receiver.app, "s1", clock.Now())
		}
	}
	queueLogout(t, store, receiver.app, "", clock.Now())
	s.sendDue(t.Context(), auth.AppChannel(receiver.app))
	wantLogoutToken(t, s, <-receiver.tokens, receiver.app, "", clock.Now())
	if text := log(); strings.Contains(text, "eyJ") || !strings.Contains(text, "redirects are not followed") || !strings.Contains(text, receiver.app) {
		t.Errorf("logged %s", text)
	}
	if waiting, _, rejected, err := store.CountMessages(t.Context()); err != nil || waiting != 0 || rejected != 1 {
		t.Errorf("%d wait, %d rejected, %v", waiting, rejected, err)
	}
}

// A message to an app without a back channel is dropped.
func TestSender_LogoutWithoutReceiver(t *testing.T) {
	s, store, clock, log, addApp := newAppSender(t)
	receiver := &testReceiver{tokens: make(chan string, 9), status: 200}
	id := addApp(receiver)
	queueLogout(t, store, id, "s1", clock.Now())
	app, err := s.Apps.App(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	app.BackchannelURI = ""
	if err := s.Apps.ReplaceApp(t.Context(), auth.Operator{}, app); err != nil {
		t.Fatal(err)
	}
	s.sendDue(t.Context(), auth.AppChannel(id))
	if waiting, _, rejected, err := store.CountMessages(t.Context()); err != nil || waiting != 0 || rejected != 1 || len(receiver.tokens) > 0 {
		t.Errorf("%d wait, %d rejected, %v", waiting, rejected, err)
	}
	if !strings.Contains(log(), `"permanent":true`) || !strings.Contains(log(), "the app has no back-channel URI any more") {
		t.Errorf("logged %s", log())
	}
}

// A connection error is logged without the URI, which may hold a secret of the app.
func TestSender_LogoutUnreachable(t *testing.T) {
	s, store, clock, log, addApp := newAppSender(t)
	id := addApp(http.NotFoundHandler())
	app, err := s.Apps.App(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(app.BackchannelURI)
	closed := httptest.NewServer(nil)
	u.Host, u.Path = strings.TrimPrefix(closed.URL, "http://"), "/a-secret"
	closed.Close()
	app.BackchannelURI = u.String()
	if err := s.Apps.ReplaceApp(t.Context(), auth.Operator{}, app); err != nil {
		t.Fatal(err)
	}
	queueLogout(t, store, id, "s1", clock.Now())
	s.sendDue(t.Context(), auth.AppChannel(id))
	if !strings.Contains(log(), "connection refused") || strings.Contains(log(), "a-secret") {
		t.Errorf("logged %s", log())
	}
}

// An app that hangs, with many messages, delays neither another app nor mail. Stopping
// waits for the message in hand.
func TestSender_HangingApp(t *testing.T) {
	s, store, clock, _, addApp := newAppSender(t)
	mail := &testCourier{sent: make(chan courier.Message, 1)}
	s.Couriers[auth.ByEmail] = mail
	began, release := make(chan struct{}, 99), make(chan struct{})
	hanging := addApp(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		began <- struct{}{}
		<-release
	}))
	receiver := &testReceiver{tokens: make(chan string, 9), status: 200}
	responding := addApp(receiver)
	for range 4 * workersPerChannel {
		queueLogout(t, store, hanging, "s1", clock.Now())
	}
	stop := inBackground(s.Run)
	<-began
	queueLogout(t, store, responding, "s2", clock.Now())
	queue(t, store, clock.Now(), auth.ByEmail, "ann@example.org")
	<-mail.sent
	wantLogoutToken(t, s, <-receiver.tokens, responding, "s2", clock.Now())
	if len(began) > 0 {
		t.Errorf("%d more messages are in hand", len(began))
	}
	close(release)
	stop()
}
