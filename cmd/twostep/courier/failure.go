package courier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

// A Permanent failure is of the message itself: the provider understood and
// said no, and would say no again. Whoever holds a queue gives it up.
type Permanent struct{ Reason error }

func (p *Permanent) Error() string { return p.Reason.Error() }

// Unwrap returns the reason.
func (p *Permanent) Unwrap() error { return p.Reason }

// failure words what came instead of an answer. Only errors whose text is made
// by this side are repeated. Others quote what the provider sent, and that may
// be an echo of what it was sent: a code, a number, a password, or an address
// of the web that is itself a secret.
func failure(who string, err error) error {
	var timeout interface{ Timeout() bool }
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, unreachable := errors.AsType[*net.OpError](err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: given up before it answered", who)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%s: no answer in time", who)
	case untrusted, unreachable:
		return fmt.Errorf("%s: %w", who, innermost(err))
	case notTLS, errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Errorf("%s: it does not speak TLS", who)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: it closed the connection", who)
	}
	return fmt.Errorf("%s: its answer cannot be understood", who)
}

// innermost takes the wrapping off that may quote an address with a secret in it.
func innermost(err error) error {
	if untrusted, found := errors.AsType[*tls.CertificateVerificationError](err); found {
		return untrusted
	}
	unreachable, _ := errors.AsType[*net.OpError](err)
	return unreachable
}
