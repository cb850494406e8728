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

// A Permanent error is caused by the message itself: the provider rejected it
// and would reject it again, so retrying is pointless.
type Permanent struct{ Reason error }

func (p *Permanent) Error() string { return p.Reason.Error() }

// Unwrap returns the reason.
func (p *Permanent) Unwrap() error { return p.Reason }

// connectionError describes why a provider sent no usable response. Only errors
// whose text originates on this side are quoted. Others may repeat what the
// provider was sent: a code, a phone number, a password, or a secret URL.
func connectionError(provider string, err error) error {
	var timeout interface{ Timeout() bool }
	certificate, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	network, unreachable := errors.AsType[*net.OpError](err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: canceled", provider)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%s: timed out", provider)
	case untrusted: // without its wrapping, which may quote the URL
		return fmt.Errorf("%s: %w", provider, certificate)
	case unreachable:
		return fmt.Errorf("%s: %w", provider, network)
	case notTLS, errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Errorf("%s: server does not use TLS", provider)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: connection closed by server", provider)
	}
	return fmt.Errorf("%s: invalid response", provider)
}
