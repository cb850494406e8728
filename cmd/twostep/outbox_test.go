package main

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
)

const visitorsPassword = "sixteen heavy lanterns"

// post is a courier that keeps what it is given, or refuses it.
type post struct {
	refuses error
	before  func() // called with each message in hand
	arrived chan courier.Message
}

func (p *post) Send(_ context.Context, m courier.Message) error {
	if p.before != nil {
		p.before()
	}
	if p.refuses != nil {
		return p.refuses
	}
	p.arrived <- m
	return nil
}

// a handClock stands still until it is moved.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *handClock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newOutbox(t *testing.T) (out *outbox, mail *post, clock *handClock, log *bytes.Buffer) {
	t.Helper()
	out, _, clock, log = newQueue(t)
	mail = &post{arrived: make(chan courier.Message, 8)}
	out.couriers = map[auth.Channel]courier.Courier{auth.ByEmail: mail}
	return out, mail, clock, log
}

// newQueue is an outbox without couriers, and its store.
func newQueue(t *testing.T) (out *outbox, store *db.Store, clock *handClock, log *bytes.Buffer) {
	t.Helper()
	keys := auth.NewKeyring()
	store, err := db.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), databaseFile), keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	clock = &handClock{now: time.Now()}
	policy := mustRead(t).policy
	hasher := auth.NewHasher(auth.Cost{Memory: 64, Passes: 1, Lanes: 1}, 4)
	log = new(bytes.Buffer)
	return &outbox{
		rules:   auth.New(store, keys, hasher, policy, clock.read),
		product: policy.Name, origin: "http://localhost:8080",
		log: slog.New(slog.NewJSONHandler(log, nil)),
	}, store, clock, log
}

func signUp(t *testing.T, out *outbox, address string) {
	t.Helper()
	if _, err := out.rules.SignUp(t.Context(), auth.Client{}, address, visitorsPassword); err != nil {
		t.Fatal(err)
	}
}

func TestOutbox_SendsWhatIsQueued(t *testing.T) {
	out, mail, _, log := newOutbox(t)
	signUp(t, out, "early@example.org") // waits when the worker begins
	stop := inBackground(out.run)
	early := <-mail.arrived
	signUp(t, out, "late@example.org")
	late := <-mail.arrived
	stop()
	for _, m := range []courier.Message{early, late} {
		if m.Channel != "email" || m.Subject == "" || m.Body == "" || m.SentAt.IsZero() {
			t.Errorf("the message is %+v", m)
		}
	}
	if early.To != "early@example.org" || late.To != "late@example.org" {
		t.Errorf("they went to %s and %s", early.To, late.To)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}

func TestOutbox_FailureIsLoggedWithoutSecretsAndTriedAgain(t *testing.T) {
	out, mail, clock, log := newOutbox(t)
	signUp(t, out, "ann@example.org")
	mail.refuses = errors.New("connection\nrefused")
	out.deliver(t.Context(), auth.ByEmail)

	line := log.String()
	for _, want := range []string{`"message":"`, `"channel":"email"`, `"permanent":false`, `"error":"connection\nrefused"`} {
		if !strings.Contains(line, want) {
			t.Errorf("logged %s, want %s in it", line, want)
		}
	}
	if strings.Count(line, "\n") != 1 {
		t.Errorf("logged %s, want one line", line)
	}

	mail.refuses = nil
	clock.move(auth.MessageRetryMin)
	out.deliver(t.Context(), auth.ByEmail)
	sent := <-mail.arrived
	if strings.Contains(line, sent.To) || strings.Contains(line, sent.Subject) || strings.Contains(line, sent.Body) {
		t.Errorf("the log tells what was sent: %s", line)
	}
}

func TestOutbox_PermanentFailureEndsIt(t *testing.T) {
	out, mail, clock, log := newOutbox(t)
	signUp(t, out, "ann@example.org")
	mail.refuses = &courier.Permanent{Reason: errors.New("no such mailbox")}
	out.deliver(t.Context(), auth.ByEmail)
	if line := log.String(); !strings.Contains(line, `"permanent":true`) || !strings.Contains(line, `"error":"no such mailbox"`) {
		t.Errorf("logged %s", line)
	}
	mail.refuses = nil
	clock.move(auth.MessageRetryMax)
	out.deliver(t.Context(), auth.ByEmail)
	if len(mail.arrived) > 0 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("it was tried again; logged %s", log)
	}
}

// TestOutbox_StopsBetweenMessages: the message in hand is sent and noted, the
// next one goes after the next start, and none goes twice.
func TestOutbox_StopsBetweenMessages(t *testing.T) {
	out, mail, clock, log := newOutbox(t)
	signUp(t, out, "one@example.org")
	clock.move(time.Second)
	signUp(t, out, "two@example.org")

	ctx, stop := context.WithCancel(t.Context())
	mail.before = stop
	out.deliver(ctx, auth.ByEmail)
	if m := <-mail.arrived; m.To != "one@example.org" || len(mail.arrived) > 0 {
		t.Fatalf("sent to %s and %d more, want to the first alone", m.To, len(mail.arrived))
	}

	mail.before = nil
	clock.move(auth.MessageClaimTime)
	out.deliver(t.Context(), auth.ByEmail)
	if m := <-mail.arrived; m.To != "two@example.org" || len(mail.arrived) > 0 {
		t.Errorf("then sent to %s and %d more, want to the second alone", m.To, len(mail.arrived))
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}

func TestOutbox_BrokenQueueIsLoggedOnce(t *testing.T) {
	out, _, _, log := newOutbox(t)
	store, err := db.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), databaseFile), auth.NewKeyring())
	if err != nil {
		t.Fatal(err)
	}
	out.rules = auth.New(store, auth.NewKeyring(), nil, out.rules.Policy(), time.Now)
	store.Close()
	out.deliver(t.Context(), auth.ByEmail)
	out.deliver(t.Context(), auth.ByEmail)
	if strings.Count(log.String(), "\n") != 1 {
		t.Errorf("logged %s, want one line", log)
	}
}

// TestOutbox_OtherNodeTakesOver: what a node had in hand when it was killed is
// nobody's for as long as it might still be sending, and then another's, once.
func TestOutbox_OtherNodeTakesOver(t *testing.T) {
	out, mail, clock, _ := newOutbox(t)
	signUp(t, out, "ann@example.org")
	killed, inHand := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(killed)
		out.rules.Deliver(t.Context(), auth.ByEmail, func(context.Context, auth.Message) error {
			close(inHand)
			runtime.Goexit() // it neither sends nor says that it did not
			return nil
		})
	}()
	<-inHand
	<-killed
	clock.move(auth.MessageClaimTime - time.Second)
	out.deliver(t.Context(), auth.ByEmail)
	if len(mail.arrived) > 0 {
		t.Error("it went while the other one might have been sending it")
	}
	clock.move(time.Second)
	out.deliver(t.Context(), auth.ByEmail)
	out.deliver(t.Context(), auth.ByEmail)
	if len(mail.arrived) != 1 {
		t.Errorf("it went %d times", len(mail.arrived))
	}
}
