package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrRejected is wrapped by the error of a [Sender] whose provider has rejected a
// message for good.
var ErrRejected = errors.New("refused for good")

// A Sender hands a message to a provider. After an error other than [ErrRejected]
// sending is retried.
type Sender func(ctx context.Context, m Message) error

// Deliver sends the due messages of a channel, one after another, and returns the
// errors of the sender. It retries after a growing wait until the message has
// expired: a code that arrives too late would only confuse.
//
// Any number of workers in any number of processes may run it at once: each
// message is claimed by one. When ctx ends it returns between two messages, but
// never between sending one and marking it as sent, or it would be sent twice.
func (r *Rules) Deliver(ctx context.Context, channel Channel, send Sender) (sent int, failed []error, err error) {
	sending := context.WithoutCancel(ctx)
	if _, err := r.store.RemoveMessages(ctx, r.now()); err != nil {
		return sent, failed, err
	}
	for ctx.Err() == nil {
		now := r.now()
		furthest := now.Add(MessageRetryMax + ClockSkew) // a later one was rescheduled by a clock that was wrong
		// One at a time, so that a claim lasts as long as one message takes to send.
		m, err := r.claim(sending, channel, now, furthest)
		if errors.Is(err, ErrNotFound) {
			return sent, failed, nil
		}
		if err != nil {
			return sent, failed, err
		}
		r.signal(channel) // another worker, as this one is busy and more messages may be due
		fault := checkCodeTime(m, now)
		if fault == nil && m.Kind != messageDecoy {
			if fault = send(sending, m); fault == nil {
				sent++
			}
		}
		if fault != nil {
			failed = append(failed, fault)
		}
		if err := r.recordDelivery(sending, m, fault); err != nil {
			return sent, failed, err
		}
	}
	return sent, failed, nil
}

// claim claims a message until now plus [MessageClaimTime]. If that took longer than expected,
// another worker would claim it while it is sent.
func (r *Rules) claim(ctx context.Context, channel Channel, now, furthest time.Time) (Message, error) {
	ctx, cancel := context.WithTimeout(ctx, MessageClaimTimeout)
	defer cancel()
	return r.store.ClaimMessage(ctx, channel, now, now.Add(MessageClaimTime), furthest)
}

// checkCodeTime returns an error if a message has a code dated in the future, which
// would not be accepted. Either this clock is wrong now or another one was: that
// is settled within the lifetime of the code, and after that it has expired.
func checkCodeTime(m Message, now time.Time) error {
	switch {
	case m.Code == "" || plausible(m.At, now):
		return nil
	case m.Failures < MessageFutureRetries:
		return errFutureCode
	}
	return fmt.Errorf("%w: %w", errFutureCode, ErrRejected)
}

var errFutureCode = errors.New("the code is dated in the future")

// recordDelivery records the result of sending. It reads the clock again because
// the provider may have been slow.
func (r *Rules) recordDelivery(ctx context.Context, m Message, fault error) error {
	now := r.now()
	var err error
	switch {
	case fault == nil:
		_, err = r.store.SpendMessage(ctx, m.ID, now)
	case errors.Is(fault, ErrRejected):
		_, err = r.store.RejectMessage(ctx, m.ID, now)
	default:
		wait := min(MessageRetryMin<<min(m.Failures, 16), MessageRetryMax)
		err = r.store.RescheduleMessage(ctx, m.ID, m.Failures+1, now, now.Add(wait))
	}
	return err
}

// Queued is signalled when a message was queued for a channel, so that its workers
// need not poll. One signal wakes one worker.
func (r *Rules) Queued(channel Channel) <-chan struct{} { return r.queued[channel] }

func (r *Rules) signal(channel Channel) {
	select {
	case r.queued[channel] <- struct{}{}:
	default: // already signalled
	}
}
