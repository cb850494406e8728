package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Channel is how a message travels.
type Channel string

// The channels.
const (
	ByEmail Channel = "email"
	BySMS   Channel = "sms"
)

// Channels lists every channel.
var Channels = []Channel{ByEmail, BySMS}

// A MessageKind is what a message says; views holds the words.
type MessageKind string

// The letters that are no event of an account's history; the others bear the
// name of what happened, see [EventType]. Those with a code carry nothing else;
// notices carry no code.
const (
	MessageSignUpCode MessageKind = "sign_up_code"
	MessageSignInCode MessageKind = "sign_in_code"
	MessageReauthCode MessageKind = "reauth_code"
	MessageResetCode  MessageKind = "reset_code"
	MessagePhoneCode  MessageKind = "phone_code"
	MessageEmailCode  MessageKind = "email_code"
	MessageEmailTaken MessageKind = "email_taken"
)

// MessageKinds lists every letter, for the test that each has its words.
func MessageKinds() []MessageKind {
	all := []MessageKind{
		MessageSignUpCode, MessageSignInCode, MessageReauthCode, MessageResetCode, MessagePhoneCode, MessageEmailCode,
		MessageEmailTaken,
	}
	for _, what := range EventTypes {
		if told[what] {
			all = append(all, MessageKind(what))
		}
	}
	return all
}

// A Message is owed to a person: facts, which views turns into words when it
// is sent. It waits in the store, sealed, for it may hold a code.
type Message struct {
	ID        string
	Channel   Channel
	To        string // address or E.164 number
	Kind      MessageKind
	At        time.Time // when what it tells of happened
	ExpiresAt time.Time // not sent after this
	Code      string    // the code it carries
	Number    string    // the phone it tells of, E.164
	Email     string    // the address it tells of
	StopToken Token     // lets the bearer stop a change of address
	Left      int       // backup codes left
	IP        string    // where it came from
	UserAgent string    // by which browser
	Failures  int       // how often sending has failed

	// Holder is the attempt or enrolment whose page may say how this message
	// fares. It is empty where no page may, see [Rules.oweResetCode].
	Holder string `json:"-"`
}

// notice is a mail that tells an account's owner what happened.
func (r *Rules) notice(letter MessageKind, to string, visitor Visitor, now time.Time) Message {
	return Message{
		ID: newID(), Channel: ByEmail, To: to, Kind: letter, At: now, ExpiresAt: now.Add(MessageRetention),
		IP: visitor.ip(), UserAgent: cutBrowser(visitor.UserAgent),
	}
}

type messageStore interface {
	// ClaimMessages hands out messages of a channel that are due and holds them
	// back from every other worker until the time given. What is put off past
	// furthest, which nobody does, is due.
	ClaimMessages(ctx context.Context, channel Channel, now, until, furthest time.Time, most int) ([]Message, error)
	// SpendMessage says that a message was sent; its body is forgotten.
	SpendMessage(ctx context.Context, id string, now time.Time) (spent bool, err error)
	// RejectMessage says that a message was refused for good; its body is
	// forgotten, and it is never handed out again.
	RejectMessage(ctx context.Context, id string, now time.Time) (refused bool, err error)
	// RescheduleMessage puts a message off after sending failed.
	RescheduleMessage(ctx context.Context, id string, tries int, now, due time.Time) error
	// RemoveMessages forgets messages that have expired unsent.
	RemoveMessages(ctx context.Context, expiredBy time.Time) (removed int, err error)
	// FindStalledChannels answers whether a channel is stalled, by the messages that
	// have a holder: so many of them wait that could not be sent, and none has
	// gone since.
	FindStalledChannels(ctx context.Context, channel Channel, least int) (stalled bool, err error)
}

// ErrRejected is in the error of a Sender whose provider has understood the
// message and refused it, and would refuse it again.
var ErrRejected = errors.New("refused for good")

// A Sender hands a message to a provider. An error means that it did not go;
// it may be tried again unless the error is ErrRefused.
type Sender func(ctx context.Context, m Message) error

// Deliver sends what is due on a channel, one message after another, and
// returns the errors of the sender. What failed is tried again after a growing
// wait, until it has expired: a code that came too late would only confuse. What
// was refused for good is not tried again.
//
// It may run many times at once, also elsewhere: each message is claimed by one.
// Where ctx ends it leaves between two messages, never between the sending of
// one and the note that it was sent, or that one would go out twice.
func (r *Rules) Deliver(ctx context.Context, channel Channel, send Sender) (sent int, failed []error, err error) {
	const batch = 1 // a claim lasts for one sending, so that no other worker takes a message over while it goes out
	inHand := context.WithoutCancel(ctx)
	if _, err := r.store.RemoveMessages(inHand, r.now()); err != nil {
		return sent, failed, err
	}
	for ctx.Err() == nil {
		now := r.now()
		furthest := now.Add(MessageRetryMax + ClockSkew) // beyond it a clock was wrong that was set back since
		messages, err := r.store.ClaimMessages(inHand, channel, now, now.Add(MessageClaimTime), furthest, batch)
		if err != nil || len(messages) == 0 {
			return sent, failed, err
		}
		r.wakeFor(channel) // another worker: this one is busy, and there may be more
		for _, m := range messages {
			fault := untimely(m, now)
			if fault == nil {
				fault = send(inHand, m)
			}
			if fault == nil {
				sent++
			} else {
				failed = append(failed, fault)
			}
			if err := r.handed(inHand, m, fault); err != nil {
				return sent, failed, err
			}
		}
	}
	return sent, failed, nil
}

// untimely is why a code is not sent: by the clock as it is it was made in time
// to come, and would not be taken. Whether the clock is wrong now or was wrong
// then shows within the life of a code, and after that it is of no use.
func untimely(m Message, now time.Time) error {
	switch {
	case m.Code == "" || datable(m.At, now):
		return nil
	case m.Failures < MessageFutureRetries:
		return errAhead
	}
	return fmt.Errorf("%w: %w", errAhead, ErrRejected)
}

var errAhead = errors.New("the code was made by another clock")

// handed notes what came of handing a message to the provider, who may have
// taken his time.
func (r *Rules) handed(ctx context.Context, m Message, fault error) error {
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

// Queued is signalled when a message was queued for a channel, so that its
// workers need not wait for their next look. One signal wakes one of them.
func (r *Rules) Queued(channel Channel) <-chan struct{} { return r.wake[channel] }

func (r *Rules) wakeFor(channel Channel) {
	select {
	case r.wake[channel] <- struct{}{}:
	default: // a signal waits already
	}
}

// applied is what follows when a grant stands in the store: the outbox wakes,
// and whoever witnesses the request is told what happened.
func (r *Rules) applied(ctx context.Context, grant ChangeSet) {
	if witness, ok := ctx.Value(observerKey{}).(func(Event)); ok {
		for _, e := range grant.Events {
			witness(e)
		}
	}
	for _, m := range grant.Messages {
		r.wakeFor(m.Channel)
	}
}

type observerKey struct{}

// WithObserver returns a context under which everything that happens to an
// account is told to witness as well, once it stands in the store: for the
// log, which knows what the rules do not, like a request's id (LG-01).
func WithObserver(ctx context.Context, witness func(Event)) context.Context {
	return context.WithValue(ctx, observerKey{}, witness)
}
