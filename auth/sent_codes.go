package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode"
)

// A SentCode is a code on its way by SMS or mail. It is bound to one holder,
// the attempt or enrolment that asked for it, and is worth nothing in another
// browser or for another purpose (SM-05). The store keeps a keyed hash, because
// a million codes are soon tried against a plain one (SM-03).
type SentCode struct {
	Holder    string
	MAC       []byte    // HMAC-SHA-256 of holder and code
	To        string    // E.164 number or address
	SentAt    time.Time // by whoever asked; when it left is in Delivery
	ExpiresAt time.Time

	Delivery Delivery // how the message with it fares, read live
}

// A Delivery is how a message fares, as facts. It is zero for a message that no
// page may speak of.
type Delivery struct {
	Failures   int       // how often sending has failed
	SentAt     time.Time // when the provider took it
	RejectedAt time.Time // when he refused it for good
	Stalled    bool      // nothing goes by its channel
}

// A DeliveryStatus is what a page can say of a message.
type DeliveryStatus string

// The fates.
const (
	DeliveryPending  DeliveryStatus = "pending"  // it is its turn now, or nobody may know
	DeliverySent     DeliveryStatus = "sent"     // the provider has it
	DeliveryDelayed  DeliveryStatus = "delayed"  // it could not be sent yet, or is behind others that could not
	DeliveryRejected DeliveryStatus = "rejected" // it cannot be delivered at all
)

// Status derives what can be said.
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

type sentCodeStore interface {
	// FindSentCode reads a holder's code, and how the message with it fares.
	FindSentCode(ctx context.Context, holder string) (SentCode, error)
	// AllowSentCodeAttempt counts one try on a holder's code and returns it, or
	// ErrNotFound where it has had most tries or there is none.
	AllowSentCodeAttempt(ctx context.Context, holder string, most int) (SentCode, error)
	// SpendSentCode uses a code up: it is gone, and what it earns is written.
	SpendSentCode(ctx context.Context, code SentCode, grant ChangeSet) (spent bool, err error)
}

func (c SentCode) over(now time.Time) bool {
	return !now.Before(c.ExpiresAt) || !datable(c.SentAt, now)
}

// sentCode is the code a page may speak of: asked for, and not expired. Where
// nothing is known yet of its own message, the others on the channel speak for it.
func (r *Rules) sentCode(ctx context.Context, holder string, channel Channel, now time.Time) (*SentCode, error) {
	code, err := r.store.FindSentCode(ctx, holder)
	if errors.Is(err, ErrNotFound) || err == nil && code.over(now) {
		return nil, nil
	}
	if err == nil && code.Delivery.Status() == DeliveryPending {
		code.Delivery.Stalled, err = r.store.FindStalledChannels(ctx, channel, StalledThreshold)
	}
	if err != nil {
		return nil, err
	}
	return &code, nil
}

// allowSending is the brake on sending a code (SM-07, RL-08).
func (r *Rules) allowSending(ctx context.Context, visitor Visitor, now time.Time, recipient, account string, more ...RateLimit) error {
	tries := r.limits(ActionSendCode, subjects{ByRecipient: recipient, ByAccount: account}.from(visitor))
	return r.allow(ctx, now, append(tries, more...)...)
}

// allowSMS is the brake on sending one by SMS: to countries the operator
// allows, and within his budget.
func (r *Rules) allowSMS(ctx context.Context, visitor Visitor, now time.Time, number string, account UserID, more ...RateLimit) error {
	if allowed := r.policy.SMSCountries; len(allowed) > 0 && !slices.Contains(allowed, regionOf(number)) {
		return &Problem{Reason: PhoneCountryBlocked, Field: "phone"}
	}
	return r.allowSending(ctx, visitor, now, number, string(account), append(more, r.limits(ActionSendSMS, nil)...)...)
}

// owePhoneCode puts a sign-in code by SMS into a grant.
func (r *Rules) owePhoneCode(ctx context.Context, visitor Visitor, a Attempt, phone Phone, grant *ChangeSet, now time.Time) error {
	if err := r.allowSMS(ctx, visitor, now, phone.Number, a.User); err != nil {
		return err
	}
	letter := MessageSignInCode
	if a.Purpose == Reauthentication {
		letter = MessageReauthCode
	}
	r.oweCode(a.TokenHash, phone.Number, Message{Channel: BySMS, Kind: letter}, grant, now)
	return nil
}

// oweCode draws a code for a holder and puts it and its letter into a grant.
func (r *Rules) oweCode(holder, to string, letter Message, grant *ChangeSet, now time.Time) {
	code := newSentCode()
	expires := now.Add(r.policy.CodeLifetime)
	_, key := r.keys.Newest(KeySentCode)
	grant.Code = &SentCode{Holder: holder, MAC: codeMAC(key, holder, code), To: to, SentAt: now, ExpiresAt: expires}
	letter.ID, letter.To, letter.Code, letter.At, letter.ExpiresAt, letter.Holder = newID(), to, code, now, expires, holder
	grant.Messages = append(grant.Messages, letter)
}

// oweNoCode is oweCode for somebody who must not get one, and must not be told
// so: a code stands there like any other, and no answer matches it.
func (r *Rules) oweNoCode(holder, to string, grant *ChangeSet, now time.Time) {
	grant.Code = &SentCode{
		Holder: holder, MAC: make([]byte, sha256.Size), To: to, SentAt: now, ExpiresAt: now.Add(r.policy.CodeLifetime),
	}
	rand.Read(grant.Code.MAC)
}

// oweTaken is oweCode for an address that another account has: the bearer is
// told so, and the page that asks for the code sees that message fare as it
// would see the code's.
func (r *Rules) oweTaken(holder, to string, grant *ChangeSet, now time.Time) {
	r.oweNoCode(holder, to, grant, now)
	told := r.notice(MessageEmailTaken, to, Visitor{}, now)
	told.Holder = holder
	grant.Messages = append(grant.Messages, told)
}

// newSentCode draws six digits, each number as likely as any other, leading
// zeros kept (SM-03).
func newSentCode() string {
	return fmt.Sprintf("%0*d", SentCodeDigits, drawBelow(1_000_000))
}

// drawBelow draws a number from 0 to most-1, each as likely as any other.
func drawBelow(most int) int {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(most)))
	if err != nil {
		panic(err) // the system's generator does not fail
	}
	return int(n.Int64())
}

func codeMAC(key []byte, holder, code string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(holder + "\x00" + code))
	return mac.Sum(nil)
}

func (r *Rules) verifySentCode(ctx context.Context, q question, answer string, now time.Time) (spend, error) {
	code, err := r.store.AllowSentCodeAttempt(ctx, q.holder, SentCodeAttempts)
	if errors.Is(err, ErrNotFound) {
		return nil, &Problem{Reason: CodeExpired, Field: "code"}
	}
	if err != nil {
		return nil, err
	}
	sentHere := false
	for _, number := range q.numbers {
		sentHere = sentHere || number == code.To
	}
	if !sentHere || code.over(now) {
		return nil, &Problem{Reason: CodeExpired, Field: "code"}
	}
	typed := cleanCode(answer)
	for _, key := range r.keys.All(KeySentCode) { // a code on its way outlives a new server key
		if hmac.Equal(codeMAC(key, q.holder, typed), code.MAC) {
			return func(ctx context.Context, grant ChangeSet) (bool, error) {
				return r.store.SpendSentCode(ctx, code, grant)
			}, nil
		}
	}
	return nil, &Problem{Reason: CodeWrong, Field: "code"}
}

// cleanCode takes out what people add when they copy a code: spaces, hyphens,
// letter case, and the signs without a shape that come with text from a page.
func cleanCode(typed string) string {
	return strings.Map(func(sign rune) rune {
		if unicode.IsSpace(sign) || unicode.Is(unicode.Pd, sign) || unicode.IsControl(sign) || unicode.Is(unicode.Cf, sign) {
			return -1
		}
		return unicode.ToLower(sign)
	}, typed)
}
