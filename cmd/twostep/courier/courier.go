// Package courier carries messages to people. Each courier is one way out of
// the program, and nothing else in it opens a connection to deliver anything.
package courier

import (
	"context"
	"time"
)

// A Message is what a person gets, ready to go: everything in it has been
// decided and worded by others. Its JSON form is a contract with the outside.
type Message struct {
	Channel string    `json:"channel"` // "email" or "sms"
	To      string    `json:"to"`      // address or E.164 number
	Subject string    `json:"subject"` // empty for an SMS
	Body    string    `json:"body"`    // plain text
	SentAt  time.Time `json:"sent_at"` // RFC 3339
}

// A Courier carries a message. It is safe for concurrent use. An error means
// that the message did not go and may be tried again; it is written to the
// log, so it never holds the recipient or the body, which may be a code.
type Courier interface {
	Send(ctx context.Context, m Message) error
}
