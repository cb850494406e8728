package outbox

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
	"twostep/db"
	"twostep/views"
)

const password = "sixteen heavy lanterns"

// A testCourier keeps messages, or fails with err.
type testCourier struct {
	err    error
	onSend func() // called for each message
	sent   chan courier.Message
}

func (p *testCourier) Send(_ context.Context, m courier.Message) error {
	if p.onSend != nil {
		p.onSend()
	}
	if p.err != nil {
		return p.err
	}
	p.sent <- m
	return nil
}

// A testClock only moves by advance.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newMailSender returns a sender with a test courier for mail.
func newMailSender(t *testing.T) (s *Sender, mail *testCourier, clock *testClock, log *bytes.Buffer) {
	t.Helper()
	s, _, clock, log = newSender(t)
	mail = &testCourier{sent: make(chan courier.Message, 8)}
	s.Couriers = map[auth.Channel]courier.Courier{auth.ByEmail: mail}
	return s, mail, clock, log
}

// newSender returns a sender without couriers, and its store.
func newSender(t *testing.T) (s *Sender, store *db.Store, clock *testClock, log *bytes.Buffer) {
	t.Helper()
	keys := auth.NewKeyring()
	store, err := db.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "twostep.db"), keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	clock = &testClock{now: time.Now()}
	policy := auth.Policy{
		Name: "Twostep", SignUpOpen: true, PasswordMin: auth.PasswordMinSingleFactor, Region: "US",
		CodeLifetime: auth.CodeLifetimeMax, SessionLifetime: auth.SessionLifetimeMax, SessionIdle: auth.SessionIdleMax,
	}
	hasher := auth.NewHasher(auth.Cost{Memory: 64, Passes: 1, Lanes: 1}, 4)
	log = new(bytes.Buffer)
	return &Sender{
		Rules:    auth.New(store, keys, hasher, policy, clock.Now),
		Renderer: views.NewRenderer(policy.Name, "http://localhost:8080", "", views.Links{}),
		Log:      slog.New(slog.NewJSONHandler(log, nil)),
	}, store, clock, log
}

// inBackground starts work and returns a function that stops it and waits.
func inBackground(work func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { work(ctx) })
	return func() {
		cancel()
		done.Wait()
	}
}

func signUp(t *testing.T, s *Sender, email string) {
	t.Helper()
	if _, err := s.Rules.SignUp(t.Context(), auth.Client{}, email, password, ""); err != nil {
		t.Fatal(err)
	}
}

func TestSender_SendsQueued(t *testing.T) {
	s, mail, _, log := newMailSender(t)
	signUp(t, s, "early@example.org") // queued before the sender starts
	stop := inBackground(s.Run)
	early := <-mail.sent
	signUp(t, s, "late@example.org")
	late := <-mail.sent
	stop()
	for _, m := range []courier.Message{early, late} {
		if m.Channel != "email" || m.Subject == "" || m.Body == "" || m.SentAt.IsZero() {
			t.Errorf("the message is %+v", m)
		}
	}
	if early.To != "early@example.org" || late.To != "late@example.org" {
		t.Errorf("they were sent to %s and %s", early.To, late.To)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}

func TestSender_FailureIsLoggedAndRetried(t *testing.T) {
	s, mail, clock, log := newMailSender(t)
	signUp(t, s, "ann@example.org")
	mail.err = errors.New("connection\nrefused")
	s.sendDue(t.Context(), auth.ByEmail)

	line := log.String()
	for _, want := range []string{`"message_id":"`, `"channel":"email"`, `"permanent":false`, `"error":"connection\nrefused"`} {
		if !strings.Contains(line, want) {
			t.Errorf("logged %s, want %s in it", line, want)
		}
	}
	if strings.Count(line, "\n") != 1 {
		t.Errorf("logged %s, want one line", line)
	}

	mail.err = nil
	clock.advance(auth.MessageRetryMin)
	s.sendDue(t.Context(), auth.ByEmail)
	sent := <-mail.sent
	if strings.Contains(line, sent.To) || strings.Contains(line, sent.Subject) || strings.Contains(line, sent.Body) {
		t.Errorf("the log contains what was sent: %s", line)
	}
}

func TestSender_PermanentFailure(t *testing.T) {
	s, mail, clock, log := newMailSender(t)
	signUp(t, s, "ann@example.org")
	mail.err = &courier.Permanent{Reason: errors.New("no such mailbox")}
	s.sendDue(t.Context(), auth.ByEmail)
	if line := log.String(); !strings.Contains(line, `"permanent":true`) || !strings.Contains(line, `"error":"no such mailbox"`) {
		t.Errorf("logged %s", line)
	}
	mail.err = nil
	clock.advance(auth.MessageRetryMax)
	s.sendDue(t.Context(), auth.ByEmail)
	if len(mail.sent) > 0 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("it was retried; logged %s", log)
	}
}

// TestSender_StopsBetweenMessages: the message in hand is sent and recorded, the
// next one is sent after the next start, and none is sent twice.
func TestSender_StopsBetweenMessages(t *testing.T) {
	s, mail, clock, log := newMailSender(t)
	signUp(t, s, "one@example.org")
	clock.advance(time.Second)
	signUp(t, s, "two@example.org")

	ctx, stop := context.WithCancel(t.Context())
	mail.onSend = stop
	s.sendDue(ctx, auth.ByEmail)
	if m := <-mail.sent; m.To != "one@example.org" || len(mail.sent) > 0 {
		t.Fatalf("sent to %s and %d more, want only the first", m.To, len(mail.sent))
	}

	mail.onSend = nil
	clock.advance(auth.MessageClaimTime)
	s.sendDue(t.Context(), auth.ByEmail)
	if m := <-mail.sent; m.To != "two@example.org" || len(mail.sent) > 0 {
		t.Errorf("then sent to %s and %d more, want only the second", m.To, len(mail.sent))
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}

func TestSender_QueueErrorIsLoggedOnce(t *testing.T) {
	s, _, _, log := newMailSender(t)
	store, err := db.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "twostep.db"), auth.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	s.Rules = auth.New(store, auth.NewKeyring(), nil, s.Rules.Policy(), time.Now)
	store.Close()
	s.sendDue(t.Context(), auth.ByEmail)
	s.sendDue(t.Context(), auth.ByEmail)
	if strings.Count(log.String(), "\n") != 1 {
		t.Errorf("logged %s, want one line", log)
	}
}

// TestSender_QueueErrorOfOneChannel: a channel that works does not make the error
// of the other one new again.
func TestSender_QueueErrorOfOneChannel(t *testing.T) {
	s, mail, _, log := newMailSender(t)
	signUp(t, s, "ann@example.org")
	working := s.Rules
	store, err := db.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "twostep.db"), auth.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	broken := auth.New(store, auth.NewKeyring(), nil, s.Rules.Policy(), time.Now)
	for range 3 {
		s.Rules = broken
		s.sendDue(t.Context(), auth.BySMS)
		s.Rules = working
		s.sendDue(t.Context(), auth.ByEmail)
	}
	if len(mail.sent) != 1 || strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), `"channel":"sms"`) {
		t.Errorf("sent %d messages and logged %s, want one line", len(mail.sent), log)
	}
}

// TestSender_ClocksApart: two servers whose clocks differ as far as allowed send a
// message once, also if the provider is slow.
func TestSender_ClocksApart(t *testing.T) {
	for name, skew := range map[string]time.Duration{"other ahead": auth.ClockSkew, "other behind": -auth.ClockSkew} {
		t.Run(name, func(t *testing.T) {
			keys := auth.NewKeyring()
			slow, mail, clock, _ := newMailSender(t)
			store, err := db.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "twostep.db"), keys)
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			rules := func(clock func() time.Time) *auth.Rules {
				return auth.New(store, keys, auth.NewHasher(auth.Cost{Memory: 64, Passes: 1, Lanes: 1}, 1), slow.Rules.Policy(), clock)
			}
			slow.Rules = rules(clock.Now)
			other := &Sender{Rules: rules(func() time.Time { return clock.Now().Add(skew) }), Couriers: slow.Couriers, Renderer: slow.Renderer, Log: slow.Log}
			signUp(t, slow, "ann@example.org")
			mail.onSend = func() {
				mail.onSend = nil
				clock.advance(courier.Timeout)
				other.sendDue(t.Context(), auth.ByEmail)
			}
			slow.sendDue(t.Context(), auth.ByEmail)
			if len(mail.sent) != 1 {
				t.Errorf("it was sent %d times", len(mail.sent))
			}
		})
	}
}

// TestSender_KilledServer: what a node had in hand when it was killed is
// nobody's for as long as it might still be sending, and then another's, once.
func TestSender_OtherNodeTakesOver(t *testing.T) {
	s, mail, clock, _ := newMailSender(t)
	signUp(t, s, "ann@example.org")
	killed, inHand := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(killed)
		s.Rules.Deliver(t.Context(), auth.ByEmail, func(context.Context, auth.Message) error {
			close(inHand)
			runtime.Goexit() // neither sends nor fails
			return nil
		})
	}()
	<-inHand
	<-killed
	clock.advance(auth.MessageClaimTime - time.Second)
	s.sendDue(t.Context(), auth.ByEmail)
	if len(mail.sent) > 0 {
		t.Error("it was sent while the other server might have been sending it")
	}
	clock.advance(time.Second)
	s.sendDue(t.Context(), auth.ByEmail)
	s.sendDue(t.Context(), auth.ByEmail)
	if len(mail.sent) != 1 {
		t.Errorf("it was sent %d times", len(mail.sent))
	}
}
