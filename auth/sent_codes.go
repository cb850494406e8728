package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// A SentCode is a code sent by SMS or email. It is bound to its holder, the
// attempt or enrolment that requested it, and is invalid in another browser or
// for another purpose (SM-05). The store keeps a keyed hash, because a plain one
// is quickly inverted by hashing all million codes (SM-03).
type SentCode struct {
	Holder    string
	MAC       []byte    // HMAC-SHA-256 of holder and code
	To        string    // E.164 number or email address
	SentAt    time.Time // when it was requested; Delivery says when it was sent
	ExpiresAt time.Time

	Delivery Delivery // of its message, read live
}

// A Delivery is the delivery of a message, as facts. It is zero for a message
// without a holder.
type Delivery struct {
	Failures   int       // how often sending has failed
	SentAt     time.Time // when the provider accepted it
	RejectedAt time.Time // when the provider rejected it for good
	Stalled    bool      // no message gets through on its channel
}

// A DeliveryStatus is the state of a delivery that a page shows.
type DeliveryStatus string

// The states.
const (
	DeliveryPending  DeliveryStatus = "pending"  // queued, or not to be disclosed
	DeliverySent     DeliveryStatus = "sent"     // the provider has it
	DeliveryDelayed  DeliveryStatus = "delayed"  // sending has failed so far, or the channel is stalled
	DeliveryRejected DeliveryStatus = "rejected" // it cannot be delivered
)

// Status derives the state.
func (d Delivery) Status() DeliveryStatus {
	switch {
	case !d.RejectedAt.IsZero():
		return DeliveryRejected
	case !d.SentAt.IsZero():
		return DeliverySent
	case d.Failures > 0 || d.Stalled:
		return DeliveryDelayed
	}
	return DeliveryPending
}

func (c SentCode) expired(now time.Time) bool {
	return !now.Before(c.ExpiresAt) || !plausible(c.SentAt, now)
}

// A sentCodeFactor is a code that was sent to a phone or an email address.
type sentCodeFactor struct {
	channel Channel
	holder  string // what the code is bound to (SM-05)
	to      string // a code that was sent anywhere else is invalid
	known   bool   // whether the response comes from a known device
}

func (f sentCodeFactor) kind() FactorKind {
	if f.channel == BySMS {
		return PhoneCode
	}
	return EmailCode
}

func (f sentCodeFactor) alreadySpent() Reason { return CodeExpired }

func (f sentCodeFactor) verify(ctx context.Context, r *Rules, response string, now time.Time) (spend, error) {
	attempts, counted := SentCodeAttempts, SettleCounts{}
	if f.channel == ByEmail && !f.known {
		var err error
		if attempts, counted, err = r.mailedCodeAttempts(ctx, now); err != nil {
			return nil, err
		}
	}
	code, err := r.store.AllowSentCodeAttempt(ctx, f.holder, attempts)
	if errors.Is(err, ErrNotFound) {
		return nil, &Problem{Reason: CodeExpired, Field: "code"}
	}
	if err != nil {
		return nil, err
	}
	if code.To != f.to || code.expired(now) {
		return nil, &Problem{Reason: CodeExpired, Field: "code"}
	}
	for _, key := range r.keys.All(KeySentCode) { // the code may be older than the newest server key
		if hmac.Equal(codeMAC(key, f.holder, response), code.MAC) {
			return func(ctx context.Context, changes ChangeSet) (bool, error) {
				changes.settle(counted)
				return r.store.SpendSentCode(ctx, code, changes)
			}, nil
		}
	}
	return nil, &Problem{Reason: CodeWrong, Field: "code"}
}

// mailedCodeAttempts counts a response to a mailed code towards the total of wrong
// ones, and returns how many attempts a code allows: only one while the total shows that
// somebody is guessing. A correct response is refunded.
func (r *Rules) mailedCodeAttempts(ctx context.Context, now time.Time) (attempts int, counted SettleCounts, err error) {
	total := r.limits(ActionGuess, nil)
	if err = r.allow(ctx, now, total...); err == nil {
		return SentCodeAttempts, SettleCounts{Refund: limitKeys(total)}, nil
	}
	if !isProblem(err) {
		return 0, counted, err
	}
	if err = r.allow(ctx, now, r.limits(ActionAlarm, nil)...); err == nil {
		observe(ctx, Event{Type: MailedCodesGuessed, At: now})
	}
	if isProblem(err) { // reported already
		err = nil
	}
	return 1, counted, err
}

// sentCode returns a holder's code for its page, or nil if there is none that
// has not expired. While nothing is known of its own message, the others on the
// channel decide whether it is delayed.
func (r *Rules) sentCode(ctx context.Context, holder string, channel Channel, now time.Time) (*SentCode, error) {
	code, err := r.store.FindSentCode(ctx, holder)
	if errors.Is(err, ErrNotFound) || err == nil && code.expired(now) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if code.Delivery.Status() == DeliveryPending {
		code.Delivery.Stalled, err = r.store.FindStalledChannels(ctx, channel, StalledThreshold)
	}
	return &code, err
}

// queuePhoneCode queues the SMS with a code for an attempt.
func (r *Rules) queuePhoneCode(ctx context.Context, client Client, a Attempt, phone Phone, changes *ChangeSet) error {
	known, err := r.isKnownDevice(ctx, a.User, client)
	if err != nil {
		return err
	}
	account := deviceCounter(string(a.User), known)
	to := subjects{ByRecipient: append([]string{phone.Number}, account...), ByAccount: account}
	if err := r.allowSMS(ctx, changes.At, phone.Number, to.fromDevice(client, known, string(a.User))); err != nil {
		return err
	}
	kind := MessageSignInCode
	if a.Purpose == Reauthentication {
		kind = MessageReauthCode
	}
	r.queueCode(a.TokenHash, phone.Number, Message{Channel: BySMS, Kind: kind}, changes)
	return nil
}

// queueCode generates a code for a holder and queues the message that carries it.
func (r *Rules) queueCode(holder, to string, m Message, changes *ChangeSet) {
	changes.add(QueueMessage{Message: r.putCode(holder, to, m, changes)})
}

// putCode generates a code for a holder and returns the message that carries it.
func (r *Rules) putCode(holder, to string, m Message, changes *ChangeSet) Message {
	code := newSentCode()
	expires := changes.At.Add(r.policy().CodeLifetime)
	_, key := r.keys.Newest(KeySentCode)
	changes.add(PutSentCode{SentCode{Holder: holder, MAC: codeMAC(key, holder, code), To: to, SentAt: changes.At, ExpiresAt: expires}})
	m.ID, m.To, m.Code, m.At, m.ExpiresAt, m.Holder = newID(), to, code, changes.At, expires, holder
	return m
}

// putDecoyCode stores a code that no response matches, if no code may be sent
// and the response must not show it.
func (r *Rules) putDecoyCode(holder, to string, changes *ChangeSet) {
	mac := make([]byte, sha256.Size)
	rand.Read(mac)
	changes.add(PutSentCode{SentCode{Holder: holder, MAC: mac, To: to, SentAt: changes.At, ExpiresAt: changes.At.Add(r.policy().CodeLifetime)}})
}

// queueEmailTaken replaces the message with a code if another account has the
// email address: its owner is notified, and the page shows that message's
// delivery as it would the code's.
func (r *Rules) queueEmailTaken(holder, to string, changes *ChangeSet) {
	r.putDecoyCode(holder, to, changes)
	m := r.notice(MessageEmailTaken, to, Client{}, changes.At)
	m.Holder = holder
	changes.add(QueueMessage{Message: m})
}

// newSentCode returns six random digits, uniformly distributed and with leading
// zeros (SM-03).
func newSentCode() string {
	return fmt.Sprintf("%0*d", SentCodeDigits, randomInt(1_000_000))
}

// randomInt returns a uniformly distributed number in [0, n).
func randomInt(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // the system's generator does not fail
	}
	return int(i.Int64())
}

func codeMAC(key []byte, holder, code string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(holder + "\x00" + code))
	return mac.Sum(nil)
}
