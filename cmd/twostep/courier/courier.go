// Package courier carries messages to people. Each courier is one way out of
// the program, and nothing else in it opens a connection to deliver anything.
//
// # For whoever receives the webhook
//
// A [Webhook] posts each message as JSON, the object that [Message] describes,
// and signs it in the header
//
//	Twostep-Signature: t=1767323045,v1=HEX
//
// t is when it was sent, in unix seconds. HEX is the HMAC-SHA-256, in
// hexadecimal, of t, a full stop and the body as it came, byte for byte:
// "1767323045.{…}". The HMAC's key is the 32 bytes that the file webhook-key in
// the data folder holds in hexadecimal; it is derived from the newest key of
// the key ring. While the ring holds older keys too, a v1 of each follows, so
// that a receiver keeps working until it was given the new key.
//
// A receiver does this before it believes a request:
//
//  1. read t and every v1 from the header, and the body without parsing it;
//  2. refuse a t that is more than five minutes from its own clock, or whoever
//     saw a request once could repeat it for ever;
//  3. compute the HMAC-SHA-256 of t + "." + body with its key;
//  4. accept if one v1 is equal, compared in constant time; else answer 403;
//  5. answer 2xx once it has the message safely, within ten seconds.
//
// Any answer that is not 2xx means that the message did not go. After a 4xx
// other than 401, 403, 404, 405, 407, 408 and 429 it would be in vain to try
// again, see [Permanent]: the person is told that it cannot be delivered. After
// anything else, a redirect and silence included, the message comes again. So
// it may also come twice, where an answer was lost on its way.
package courier

import (
	"bytes"
	"context"
	"encoding/json"
	"time"
)

// Timeout bounds the delivery of one message. Others wait behind it, and users
// expect their codes within seconds.
const Timeout = 10 * time.Second

// A Message is what a person gets, ready to go: everything in it has been
// decided and worded by others. Its JSON form is a contract with the outside.
type Message struct {
	Channel string    `json:"channel"` // "email" or "sms"
	To      string    `json:"to"`      // address or E.164 number
	Subject string    `json:"subject"` // empty for an SMS
	Body    string    `json:"body"`    // plain text
	SentAt  time.Time `json:"sent_at"` // RFC 3339
}

// encode writes a message as one line of JSON, as the outside gets it.
func (m Message) encode() ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line) // which ends the line
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(m)
	return line.Bytes(), err
}

// A Courier carries a message. It is safe for concurrent use. An error means
// that the message did not go and may be tried again, unless it is a
// [Permanent]; it is written to the log, so it never holds the recipient, the
// body, which may be a code, or what opens the provider's door.
type Courier interface {
	Send(ctx context.Context, m Message) error
}
