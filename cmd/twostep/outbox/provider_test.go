package outbox

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
	"twostep/db"
)

// queue queues one message for each recipient.
func queue(t *testing.T, store *db.Store, at time.Time, channel auth.Channel, to ...string) {
	t.Helper()
	changes := auth.ChangeSet{At: at}
	for _, name := range to {
		changes.Changes = append(changes.Changes, auth.QueueMessage{Message: auth.Message{
			ID: string(channel) + name, Channel: channel, To: name, Kind: auth.MessageSignInCode, At: at, ExpiresAt: at.Add(auth.CodeLifetimeMax), Code: "271828",
		}})
	}
	if err := store.AddAttempt(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
}

// TestSender_HangingProvider: while the SMS provider does not respond to some
// messages, mail and other SMS are sent. Stopping waits for the messages in hand
// (LG-06).
func TestSender_HangingProvider(t *testing.T) {
	s, store, clock, _ := newSender(t)
	hangs, release := make(chan string, 2), make(chan struct{})
	mail, sms := &testCourier{sent: make(chan courier.Message, 1)}, &testCourier{sent: make(chan courier.Message, 1)}
	s.Couriers = map[auth.Channel]courier.Courier{auth.ByEmail: mail, auth.BySMS: courierFunc(func(ctx context.Context, m courier.Message) error {
		if m.To == "answered" {
			return sms.Send(ctx, m)
		}
		hangs <- m.To
		<-release
		return context.DeadlineExceeded
	})}
	queue(t, store, clock.Now(), auth.BySMS, "one", "two")
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.Run(ctx)
	}()
	<-hangs
	<-hangs
	queue(t, store, clock.Now(), auth.ByEmail, "ann@example.org")
	queue(t, store, clock.Now(), auth.BySMS, "answered")
	<-mail.sent
	<-sms.sent

	stop()
	select {
	case <-stopped:
		t.Error("it stopped with messages in hand")
	default:
	}
	close(release)
	<-stopped
	if waiting, failing, rejected, err := store.CountMessages(t.Context()); err != nil || waiting != 2 || failing != 2 || rejected != 0 {
		t.Errorf("%d waiting, %d failing, %d rejected, %v", waiting, failing, rejected, err)
	}
}

type courierFunc func(context.Context, courier.Message) error

func (f courierFunc) Send(ctx context.Context, m courier.Message) error { return f(ctx, m) }

// TestSender_ManyAtOnce: two servers on one database send many messages in parallel,
// and none twice.
func TestSender_ManyAtOnce(t *testing.T) {
	const messages = 300
	s, store, clock, _ := newSender(t)
	var mu sync.Mutex
	got, inHand, maxInHand := map[string]int{}, 0, 0
	full, all := make(chan struct{}), make(chan struct{})
	parallel := courierFunc(func(_ context.Context, m courier.Message) error {
		mu.Lock()
		inHand++
		if maxInHand = max(maxInHand, inHand); inHand == 2*workersPerChannel && maxInHand == inHand && len(got) < 2*workersPerChannel {
			close(full) // all workers have one
		}
		got[m.To]++
		mu.Unlock()
		<-full
		mu.Lock()
		defer mu.Unlock()
		if inHand--; len(got) == messages && inHand == 0 {
			close(all)
		}
		return nil
	})
	s.Couriers = map[auth.Channel]courier.Courier{auth.BySMS: parallel}
	var names []string
	for i := range messages {
		names = append(names, fmt.Sprint("+1415555", 1000+i))
	}
	queue(t, store, clock.Now(), auth.BySMS, names...)
	other := &Sender{Rules: auth.New(store, auth.Keyring{}, nil, s.Rules.Policy(), clock.Now), Couriers: s.Couriers, Renderer: s.Renderer, Log: s.Log}
	for _, node := range []*Sender{s, other} {
		defer inBackground(node.Run)()
	}
	<-all
	mu.Lock()
	defer mu.Unlock()
	if maxInHand != 2*workersPerChannel {
		t.Errorf("%d were in hand at once, not %d", maxInHand, 2*workersPerChannel)
	}
	for name, times := range got {
		if times != 1 {
			t.Errorf("%s got %d messages", name, times)
		}
	}
}

// TestSender_ProviderRecovers: a message is retried while the provider fails, and
// sent when it recovers; a message that it rejects is removed (LG-06).
func TestSender_ProviderRecovers(t *testing.T) {
	s, store, clock, _ := newSender(t)
	var status, requests atomic.Int64
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		if status.Load() == 0 {
			panic(http.ErrAbortHandler) // closes the connection
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer provider.Close()
	webhook, err := courier.ParseWebhook(provider.URL)
	if err != nil {
		t.Fatal(err)
	}
	webhook.Keys = [][]byte{make([]byte, 32)}
	s.Couriers = map[auth.Channel]courier.Courier{auth.BySMS: webhook}
	step := func(name string, response, wantRequests int64, wantWaiting, wantRejected int) {
		t.Helper()
		status.Store(response)
		requests.Store(0)
		clock.advance(auth.MessageRetryMax)
		s.sendDue(t.Context(), auth.BySMS)
		waiting, _, rejected, err := store.CountMessages(t.Context())
		if err != nil || requests.Load() != wantRequests || waiting != wantWaiting || rejected != wantRejected {
			t.Errorf("%s: %d requests, %d waiting, %d rejected, %v", name, requests.Load(), waiting, rejected, err)
		}
	}
	queue(t, store, clock.Now(), auth.BySMS, "one")
	step("server error", 500, 1, 1, 0)
	step("no response", 0, 1, 1, 0)
	step("forbidden", 403, 1, 1, 0)
	step("ok", 200, 1, 0, 0)
	queue(t, store, clock.Now(), auth.BySMS, "two")
	step("rejected", 422, 1, 0, 1)
	step("ok again", 200, 0, 0, 1)
}

// TestMessageClaim: a claim lasts longer than the database and a courier may take by a clock that is
// ahead as far as allowed, but not so long that the code of a killed server comes
// too late.
func TestMessageClaim(t *testing.T) {
	if minimum := auth.ClockSkew + auth.MessageClaimTimeout + courier.Timeout; auth.MessageClaimTime <= minimum || auth.MessageClaimTime > auth.CodeLifetimeMax/4 {
		t.Errorf("a claim lasts %v", auth.MessageClaimTime)
	}
}
