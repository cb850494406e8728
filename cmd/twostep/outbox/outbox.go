// Package outbox sends the messages that auth has queued in the store.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/cmd/twostep/courier"
	"twostep/views"
)

const (
	// pollInterval is how often the queue is read without a signal, for retries
	// and for messages of a process that was killed. Both are due after seconds,
	// and reading an empty queue costs next to nothing.
	pollInterval = time.Second

	// workersPerChannel is how many messages of one channel are sent at once. At
	// half a second each, a thousand take about a minute. A provider that hangs
	// holds few connections, and mail servers accept as many from one client.
	workersPerChannel = 8
)

// A Sender sends the messages that are due.
type Sender struct {
	Rules    *auth.Rules
	Couriers map[auth.Channel]courier.Courier
	Apps     *oidc.Provider // signs what is sent to apps
	Renderer *views.Renderer
	Log      *slog.Logger

	failing sync.Map // by channel, whether its queue could not be read last time, which is logged once
}

// Run sends messages until ctx ends, and finishes those in hand. Each channel
// has its own workers, so that a provider that hangs delays only its channel;
// [Sender.runApps] has those of apps. The workers of a channel share one ticker and one signal, each of which wakes
// one of them; a worker that finds a message wakes the next.
func (s *Sender) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for channel := range s.Couriers {
		if channel == auth.ToApps {
			workers.Go(func() { s.runApps(ctx) })
			continue
		}
		ticks := time.NewTicker(pollInterval)
		defer ticks.Stop()
		for range workersPerChannel {
			workers.Go(func() { s.work(ctx, channel, ticks.C) })
		}
	}
	workers.Wait()
}

func (s *Sender) work(ctx context.Context, channel auth.Channel, ticks <-chan time.Time) {
	for {
		s.sendDue(ctx, channel)
		select {
		case <-ctx.Done():
			return
		case <-s.Rules.Queued(channel):
		case <-ticks:
		}
	}
}

// sendDue sends what is due now. Messages left when ctx ends are sent after the
// next start.
func (s *Sender) sendDue(ctx context.Context, channel auth.Channel) {
	_, _, err := s.Rules.Deliver(ctx, channel, s.send)
	s.logQueue(ctx, channel, err)
}

// logQueue logs that a queue could not be read, once until it can.
func (s *Sender) logQueue(ctx context.Context, channel auth.Channel, err error) {
	if ctx.Err() != nil {
		return
	}
	if failed, _ := s.failing.Swap(channel, err != nil); err != nil && failed != true {
		s.Log.Error("cannot read the message queue", "channel", channel, "error", err)
	}
}

// send hands one message to its courier. A failure is logged without recipient
// and text, which may hold a code (LG-02). A permanent failure removes the
// message from the queue.
func (s *Sender) send(ctx context.Context, m auth.Message) error {
	err := s.sendNow(ctx, m)
	if err == nil {
		return nil
	}
	_, permanent := errors.AsType[*courier.Permanent](err)
	permanent = permanent || errors.Is(err, auth.ErrRejected)
	s.Log.Warn("message not sent", "message_id", m.ID, "channel", m.Channel, "attempts", m.Failures+1, "permanent", permanent, "error", err)
	if permanent {
		return fmt.Errorf("%w: %w", auth.ErrRejected, err)
	}
	return err
}

func (s *Sender) sendNow(ctx context.Context, m auth.Message) error {
	c, ok := s.Couriers[m.Channel.Kind()]
	if !ok {
		return fmt.Errorf("no courier for channel %q", m.Channel)
	}
	ctx, cancel := context.WithTimeout(ctx, courier.Timeout)
	defer cancel()
	if m.Kind == auth.MessageLogout {
		logout, err := s.composeLogout(ctx, m)
		if err != nil {
			return err
		}
		return c.Send(ctx, logout)
	}
	text := s.Renderer.Message(m)
	return c.Send(ctx, courier.Message{
		Channel: string(m.Channel), To: m.To, Subject: text.Subject, Body: text.Text, HTML: text.HTML,
		SentAt: time.Now().UTC().Truncate(time.Millisecond), Code: m.Code,
	})
}
