package main

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

// queue puts messages into the queue of a channel, as many as there are names.
func queue(t *testing.T, store *db.Store, at time.Time, channel auth.Channel, to ...string) {
	t.Helper()
	grant := auth.ChangeSet{At: at}
	for _, name := range to {
		grant.Changes = append(grant.Changes, auth.QueueMessage{Message: auth.Message{
			ID: string(channel) + name, Channel: channel, To: name, Kind: auth.MessageSignInCode, At: at, ExpiresAt: at.Add(auth.CodeLifetimeMax), Code: "271828",
		}})
	}
	if err := store.AddAttempt(t.Context(), grant); err != nil {
		t.Fatal(err)
	}
}

// TestOutbox_HangingProvider: while the SMS provider takes messages and says
// nothing, mail goes, and so do other SMS that he does answer. To stop waits
// for what is in hand, and no longer (LG-06).
func TestOutbox_HangingProvider(t *testing.T) {
	out, store, clock, _ := newQueue(t)
	hangs, release := make(chan string, 2), make(chan struct{})
	mail, sms := &post{arrived: make(chan courier.Message, 1)}, &post{arrived: make(chan courier.Message, 1)}
	out.couriers = map[auth.Channel]courier.Courier{auth.ByEmail: mail, auth.BySMS: courierFunc(func(ctx context.Context, m courier.Message) error {
		if m.To == "answered" {
			return sms.Send(ctx, m)
		}
		hangs <- m.To
		<-release
		return context.DeadlineExceeded
	})}
	queue(t, store, clock.read(), auth.BySMS, "one", "two")
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		out.run(ctx)
	}()
	<-hangs
	<-hangs
	queue(t, store, clock.read(), auth.ByEmail, "ann@example.org")
	queue(t, store, clock.read(), auth.BySMS, "answered")
	<-mail.arrived
	<-sms.arrived

	stop()
	select {
	case <-stopped:
		t.Error("it stopped with messages in hand")
	default:
	}
	close(release)
	<-stopped
	if waiting, failing, refused, err := store.CountMessages(t.Context()); err != nil || waiting != 2 || failing != 2 || refused != 0 {
		t.Errorf("%d wait, %d fail, %d are refused, %v", waiting, failing, refused, err)
	}
}

type courierFunc func(context.Context, courier.Message) error

func (f courierFunc) Send(ctx context.Context, m courier.Message) error { return f(ctx, m) }

// TestOutbox_ManyAtOnce: a crowd of messages goes several at a time, by two
// nodes on one database, and none of them twice.
func TestOutbox_ManyAtOnce(t *testing.T) {
	const crowd = 300
	out, store, clock, _ := newQueue(t)
	var mu sync.Mutex
	got, inHand, most := map[string]int{}, 0, 0
	full, all := make(chan struct{}), make(chan struct{})
	carrier := courierFunc(func(_ context.Context, m courier.Message) error {
		mu.Lock()
		inHand++
		if most = max(most, inHand); inHand == 2*outboxWorkers && most == inHand && len(got) < 2*outboxWorkers {
			close(full) // the first ones wait for one another: each worker has one
		}
		got[m.To]++
		mu.Unlock()
		<-full
		mu.Lock()
		defer mu.Unlock()
		if inHand--; len(got) == crowd && inHand == 0 {
			close(all)
		}
		return nil
	})
	out.couriers = map[auth.Channel]courier.Courier{auth.BySMS: carrier}
	var names []string
	for i := range crowd {
		names = append(names, fmt.Sprint("+1415555", 1000+i))
	}
	queue(t, store, clock.read(), auth.BySMS, names...)
	other := &outbox{rules: auth.New(store, auth.Keyring{}, nil, out.rules.Policy(), clock.read), couriers: out.couriers, log: out.log}
	for _, node := range []*outbox{out, other} {
		defer inBackground(node.run)()
	}
	<-all
	mu.Lock()
	defer mu.Unlock()
	if most != 2*outboxWorkers {
		t.Errorf("%d were in hand at once, not %d", most, 2*outboxWorkers)
	}
	for name, times := range got {
		if times != 1 {
			t.Errorf("%s got %d", name, times)
		}
	}
}

// TestOutbox_ProviderComesBack: a provider that fails is asked again and, once
// he is well, gets the message; what he refuses is given up (LG-06).
func TestOutbox_ProviderComesBack(t *testing.T) {
	out, store, clock, _ := newQueue(t)
	var status, asked atomic.Int64
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if status.Load() == 0 {
			panic(http.ErrAbortHandler) // gone in the middle
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer provider.Close()
	webhook, err := courier.ParseWebhook(provider.URL)
	if err != nil {
		t.Fatal(err)
	}
	webhook.Keys = [][]byte{make([]byte, 32)}
	out.couriers = map[auth.Channel]courier.Courier{auth.BySMS: webhook}
	step := func(name string, answers, wantAsked int64, wantWaiting, wantRefused int) {
		t.Helper()
		status.Store(answers)
		asked.Store(0)
		clock.move(auth.MessageRetryMax)
		out.deliver(t.Context(), auth.BySMS)
		waiting, _, refused, err := store.CountMessages(t.Context())
		if err != nil || asked.Load() != wantAsked || waiting != wantWaiting || refused != wantRefused {
			t.Errorf("%s: asked %d times, then %d wait and %d are refused, %v", name, asked.Load(), waiting, refused, err)
		}
	}
	queue(t, store, clock.read(), auth.BySMS, "one")
	step("broken", 500, 1, 1, 0)
	step("gone", 0, 1, 1, 0)
	step("not let in", 403, 1, 1, 0)
	step("well", 200, 1, 0, 0)
	queue(t, store, clock.read(), auth.BySMS, "two")
	step("refuses", 422, 1, 0, 1)
	step("well again", 200, 0, 0, 1)
}

// A message stays with one worker for as long as he may take, and some more for
// clocks that differ; of a worker that was killed it comes back while a code is
// still awaited.
func TestMessageClaim(t *testing.T) {
	if least := courier.Timeout + 5*time.Second; auth.MessageClaimTime < least || auth.MessageClaimTime > 30*time.Second {
		t.Errorf("a claim lasts %v", auth.MessageClaimTime)
	}
}
