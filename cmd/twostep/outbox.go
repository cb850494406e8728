package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
	"twostep/views"
)

// What failed is due again without a signal, two seconds later at the earliest,
// and a message of a process that was killed waits likewise. A second more is
// not noticed, and an empty look costs next to nothing.
const outboxLook = time.Second

// An outbox hands messages that are due to the couriers, in words.
type outbox struct {
	rules    *auth.Rules
	couriers map[auth.Channel]courier.Courier
	product  string // as the words name it
	origin   string // of links in the words
	log      *slog.Logger
	stuck    bool // whether the last look failed, which is logged once
}

// run delivers until ctx ends. The message in hand is finished first.
func (o *outbox) run(ctx context.Context) {
	ticks := time.NewTicker(outboxLook)
	defer ticks.Stop()
	for {
		o.deliver(ctx)
		select {
		case <-ctx.Done():
			return
		case <-o.rules.Waiting():
		case <-ticks.C:
		}
	}
}

// deliver sends what is due now. When it is told to stop it leaves between two
// messages, never between the sending of one and the note that it was sent, or
// that one would go out twice. What is left over is sent after the next start.
func (o *outbox) deliver(stop context.Context) {
	ctx, leave := context.WithCancel(context.WithoutCancel(stop))
	defer leave()
	_, _, err := o.rules.Deliver(ctx, func(ctx context.Context, m auth.Message) error {
		if err := stop.Err(); err != nil {
			leave()
			return err
		}
		return o.send(ctx, m)
	})
	if stop.Err() != nil {
		return
	}
	if err != nil && !o.stuck {
		o.log.Error("messages wait: the queue cannot be read", "error", err)
	}
	o.stuck = err != nil
}

// send hands one message to its courier. A failure is logged without the
// recipient and the words, for they may hold a code (LG-02). A permanent one is
// marked: it will be tried again until the message expires, but in vain.
func (o *outbox) send(ctx context.Context, m auth.Message) error {
	err := o.hand(ctx, m)
	if err != nil {
		_, permanent := errors.AsType[*courier.Permanent](err)
		o.log.Warn("message not sent", "message", m.ID, "channel", m.Channel, "tries", m.Tries+1, "permanent", permanent, "error", err)
	}
	return err
}

func (o *outbox) hand(ctx context.Context, m auth.Message) error {
	carrier, found := o.couriers[m.Channel]
	if !found {
		return fmt.Errorf("no courier for the channel %q", m.Channel)
	}
	ctx, cancel := context.WithTimeout(ctx, courier.Patience)
	defer cancel()
	subject, body := views.Write(m, o.product, o.origin)
	return carrier.Send(ctx, courier.Message{
		Channel: string(m.Channel), To: m.To, Subject: subject, Body: body,
		SentAt: time.Now().UTC().Truncate(time.Millisecond),
	})
}
