package auth

import (
	"context"
	"time"
)

// A Channel is how a message travels.
type Channel string

// The channels.
const (
	ByEmail Channel = "email"
	BySMS   Channel = "sms"
)

// A Letter is what a message says; views holds the words.
type Letter string

// The letters that are no event of an account's history; the others bear the
// name of what happened, see [What]. Those with a code carry nothing else;
// notices carry no code.
const (
	LetterSignUpCode   Letter = "sign_up_code"
	LetterSignInCode   Letter = "sign_in_code"
	LetterReverifyCode Letter = "reverify_code"
	LetterResetCode    Letter = "reset_code"
	LetterPhoneCode    Letter = "phone_code"
	LetterEmailCode    Letter = "email_code"
	LetterAddressTaken Letter = "address_taken"
)

// Letters lists every letter, for the test that each has its words.
func Letters() []Letter {
	all := []Letter{
		LetterSignUpCode, LetterSignInCode, LetterReverifyCode, LetterResetCode, LetterPhoneCode, LetterEmailCode,
		LetterAddressTaken,
	}
	for _, what := range Whats {
		if told[what] {
			all = append(all, Letter(what))
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
	Letter    Letter
	At        time.Time // when what it tells of happened
	ExpiresAt time.Time // not sent after this
	Code      string    // the code it carries
	Number    string    // the phone it tells of, E.164
	Email     string    // the address it tells of
	StopToken Handle    // lets the bearer stop a change of address
	Left      int       // backup codes left
	Address   string    // where it came from
	Browser   string    // by which browser
	Tries     int       // how often sending has failed
}

// notice is a mail that tells an account's owner what happened.
func (r *Rules) notice(letter Letter, to string, visitor Visitor, now time.Time) Message {
	return Message{
		ID: newID(), Channel: ByEmail, To: to, Letter: letter, At: now, ExpiresAt: now.Add(MessageKept),
		Address: visitor.address(), Browser: cutBrowser(visitor.Browser),
	}
}

type messageStore interface {
	// ClaimMessages hands out messages that are due and holds them back from
	// every other worker until the time given.
	ClaimMessages(ctx context.Context, now, until time.Time, most int) ([]Message, error)
	// SpendMessage says that a message was sent; its body is forgotten.
	SpendMessage(ctx context.Context, id string, now time.Time) (spent bool, err error)
	// ReplaceDue puts a message off after sending failed.
	ReplaceDue(ctx context.Context, id string, tries int, due time.Time) error
	// RemoveMessages forgets messages that have expired unsent.
	RemoveMessages(ctx context.Context, expiredBy time.Time) (removed int, err error)
}

// A Sender hands a message to a provider. An error means that it did not go.
type Sender func(ctx context.Context, m Message) error

// Deliver sends what is due, once, and returns the errors of the sender by
// message. What failed is tried again after a growing wait, until it has
// expired: a code that came too late would only confuse.
func (r *Rules) Deliver(ctx context.Context, send Sender) (sent int, failed []error, err error) {
	const batch = 1 // a claim lasts for one sending, so that no other worker takes a message over while it goes out
	for {
		now := r.now()
		if _, err := r.store.RemoveMessages(ctx, now); err != nil {
			return sent, failed, err
		}
		messages, err := r.store.ClaimMessages(ctx, now, now.Add(MessageClaim), batch)
		if err != nil || len(messages) == 0 {
			return sent, failed, err
		}
		for _, m := range messages {
			if err := send(ctx, m); err != nil {
				failed = append(failed, err)
				wait := min(MessageFirstRetry<<min(m.Tries, 16), MessageLastRetry)
				err = r.store.ReplaceDue(ctx, m.ID, m.Tries+1, now.Add(wait))
				if err != nil {
					return sent, failed, err
				}
				continue
			}
			sent++
			if _, err := r.store.SpendMessage(ctx, m.ID, now); err != nil {
				return sent, failed, err
			}
		}
	}
}

// Waiting is signalled when a message was queued, so that the worker need not
// wait for its next look.
func (r *Rules) Waiting() <-chan struct{} { return r.wake }

// granted is what follows when a grant stands in the store: the outbox wakes,
// and whoever witnesses the request is told what happened.
func (r *Rules) granted(ctx context.Context, grant Grant) {
	if witness, ok := ctx.Value(witnessKey{}).(func(Event)); ok {
		for _, e := range grant.Events {
			witness(e)
		}
	}
	if len(grant.Messages) == 0 {
		return
	}
	select {
	case r.wake <- struct{}{}:
	default: // it is awake
	}
}

type witnessKey struct{}

// WithWitness returns a context under which everything that happens to an
// account is told to witness as well, once it stands in the store: for the
// log, which knows what the rules do not, like a request's id (LG-01).
func WithWitness(ctx context.Context, witness func(Event)) context.Context {
	return context.WithValue(ctx, witnessKey{}, witness)
}
