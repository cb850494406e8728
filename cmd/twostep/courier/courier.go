// Package courier delivers messages by email and SMS. No other package opens a
// connection to a provider.
//
// # Receiving webhooks
//
// A [Webhook] posts each message as JSON, encoded as [Message], and signs the
// request with the header
//
//	Twostep-Signature: t=1767323045,v1=HEX
//
// t is the time of sending in unix seconds. HEX is the hexadecimal
// HMAC-SHA-256 of t, a full stop and the raw body: "1767323045.{…}". The HMAC
// key is 32 bytes long; the file webhook-key in the data folder holds it in
// hexadecimal. It is derived from the newest key of the keyring. While the
// keyring also holds older keys, one v1 for each of them follows, so that a
// receiver keeps working until it is given the new key.
//
// A receiver verifies each request as follows:
//
//  1. Read t and every v1 from the header, and the body without parsing it.
//  2. Reject the request if t differs from the receiver's clock by more than
//     five minutes. Otherwise captured requests could be replayed indefinitely.
//  3. Compute the HMAC-SHA-256 of t + "." + body with its key.
//  4. Accept the request if one v1 is equal, compared in constant time.
//     Otherwise respond with 403.
//  5. Respond with 2xx within ten seconds, after storing the message.
//
// Every other status means that the message was not delivered. A 4xx status
// other than 401, 403, 404, 405, 407, 408 and 429 is permanent, see
// [Permanent]: the user is shown that the message cannot be delivered. After any
// other status, a redirect or a timeout the message is sent again. It can
// therefore arrive twice if a response is lost.
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

// A Message is an email or SMS in its final form. Its JSON encoding is a
// contract with webhook receivers and with readers of a [File].
type Message struct {
	Channel string    `json:"channel"` // "email" or "sms"
	To      string    `json:"to"`      // email address or E.164 number
	Subject string    `json:"subject"` // empty for an SMS
	Body    string    `json:"body"`    // plain text
	SentAt  time.Time `json:"sent_at"` // RFC 3339

	HTML string `json:"-"` // the same for a mail program; empty for an SMS
	Code string `json:"-"` // the code in the body, for [Log]; empty if there is none
}

// encode returns the message as one line of JSON, with its newline.
func (m Message) encode() ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(m)
	return line.Bytes(), err
}

// A Courier delivers messages. It is safe for concurrent use. If Send returns an
// error, the message was not delivered and can be retried unless the error is a
// [Permanent]. Errors are logged, so they never contain the recipient, the body,
// which may hold a code, or the provider's credentials.
type Courier interface {
	Send(ctx context.Context, m Message) error
}
