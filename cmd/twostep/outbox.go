package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
	"twostep/views"
)

const (
	// What failed is due again without a signal, two seconds later at the earliest,
	// and a message of a process that was killed waits likewise. A second more is
	// not noticed, and an empty look costs next to nothing.
	outboxLook = time.Second

	// outboxWorkers is how many messages of one channel are in hand at once. With
	// half a second each a thousand take about a minute, a provider that hangs
	// holds a handful of connections, and mail servers take as many from one client.
	outboxWorkers = 8
)

// An outbox hands messages that are due to the couriers, in words.
type outbox struct {
	rules    *auth.Rules
	couriers map[auth.Channel]courier.Courier
	product  string // as the words name it
	origin   string // of links in the words
	log      *slog.Logger
	stuck    atomic.Bool // whether the last look failed, which is logged once
}

// run delivers until ctx ends; the messages in hand are finished first. Each
// channel has workers of its own, so that a provider that hangs holds up nobody
// but those who wait for him anyway. They share one clock and one signal, either
// of which wakes one of them; who finds a message wakes the next.
func (o *outbox) run(ctx context.Context) {
	var workers sync.WaitGroup
	for channel := range o.couriers {
		ticks := time.NewTicker(outboxLook)
		defer ticks.Stop()
		for range outboxWorkers {
			workers.Go(func() { o.work(ctx, channel, ticks.C) })
		}
	}
	workers.Wait()
}

func (o *outbox) work(ctx context.Context, channel auth.Channel, ticks <-chan time.Time) {
	for {
		o.deliver(ctx, channel)
		select {
		case <-ctx.Done():
			return
		case <-o.rules.Queued(channel):
		case <-ticks:
		}
	}
}

// deliver sends what is due now. What is left over when it is told to stop is
// sent after the next start.
func (o *outbox) deliver(ctx context.Context, channel auth.Channel) {
	_, _, err := o.rules.Deliver(ctx, channel, o.send)
	if was := o.stuck.Swap(err != nil); err != nil && !was {
		o.log.Error("messages wait: the queue cannot be read", "error", err)
	}
}

// send hands one message to its courier. A failure is logged without the
// recipient and the words, for they may hold a code (LG-02). A permanent one
// ends the message.
func (o *outbox) send(ctx context.Context, m auth.Message) error {
	err := o.hand(ctx, m)
	if err == nil {
		return nil
	}
	_, permanent := errors.AsType[*courier.Permanent](err)
	o.log.Warn("message not sent", "message", m.ID, "channel", m.Channel, "tries", m.Failures+1, "permanent", permanent, "error", err)
	if permanent {
		return fmt.Errorf("%w: %w", auth.ErrRejected, err)
	}
	return err
}

func (o *outbox) hand(ctx context.Context, m auth.Message) error {
	carrier, found := o.couriers[m.Channel]
	if !found {
		return fmt.Errorf("no courier for the channel %q", m.Channel)
	}
	ctx, cancel := context.WithTimeout(ctx, courier.Timeout)
	defer cancel()
	subject, body := views.RenderMessage(m, o.product, o.origin)
	return carrier.Send(ctx, courier.Message{
		Channel: string(m.Channel), To: m.To, Subject: subject, Body: body,
		SentAt: time.Now().UTC().Truncate(time.Millisecond),
	})
}
