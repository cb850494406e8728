// Package health checks whether a server on this machine is ready, for images
// that have no other program to ask it.
package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"twostep/cmd/twostep/internal/cli"
)

const (
	timeout     = 5 * time.Second // more than the server itself needs to find out
	responseMax = 1 << 10         // bytes
)

// A Command is the command line of health.
type Command struct {
	Listen string `env:"TWOSTEP_LISTEN" default:"127.0.0.1:8080" help:"Address that the server listens on, as given to serve."`
}

// Run prints the response of /readyz. Its error, and so exit code 1, means that
// the server does not respond or is not ready.
func (c *Command) Run(s cli.Streams) error {
	address, err := dialable(c.Listen)
	if err != nil {
		return &cli.FlagError{Flag: "--listen", Err: err}
	}
	ctx, cancel := context.WithTimeout(cli.SignalContext(), timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return &cli.FlagError{Flag: "--listen", Err: err}
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req) // without a proxy and redirects
	if err != nil {
		return fmt.Errorf("no server responds: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, responseMax))
	text := strings.TrimSpace(string(body))
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready: %d %s", address, resp.StatusCode, text)
	}
	_, err = fmt.Fprintln(s.Out, text)
	return err
}

// dialable returns the address to connect to for an address to listen on: a
// server that listens on all addresses is reached on the loopback address.
func dialable(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" || port == "" {
		return "", errors.New("give the server's HOST:PORT, such as 127.0.0.1:8080")
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost" // IPv4 or IPv6, whichever responds
	}
	return net.JoinHostPort(host, port), nil
}
