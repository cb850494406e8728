package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"twostep/cmd/twostep/courier"
)

// reachWithin is how long the other end of a way may take to pick up.
const reachWithin = 5 * time.Second

// url looks at how people come here.
func (e *examination) url(context.Context) {
	const what = "url"
	switch {
	case e.origin == nil:
		e.warn(what, "--url is not given: links and codes by SMS say localhost, for somebody at this machine")
	case e.origin.Scheme == "https":
		e.fine(what, "%s; cookies are Secure and bound to the host", e.origin)
	case inTheClear(e.origin):
		e.fail(what, "%s: passwords and codes cross the network in the clear, and cookies go with any request; use https", e.origin.Redacted())
	default:
		e.warn(what, "%s is for somebody at this machine alone", e.origin)
	}
}

// proxied looks whether the limits by network address meet visitors, or the
// proxy in front and so everybody together.
func (e *examination) proxied(context.Context) {
	const what = "proxies"
	host, _, _ := net.SplitHostPort(e.listen)
	address, err := netip.ParseAddr(host)
	local := host == "localhost" || err == nil && address.IsLoopback()
	https := e.origin != nil && e.origin.Scheme == "https"
	switch {
	case len(e.proxies) > 0:
		e.fine(what, "X-Forwarded-For is believed from %s", e.given.TrustedProxies)
	case local && https:
		e.warn(what, "a proxy on this machine must do https for %s, and --trusted-proxies does not name it: every visitor seems to come from it; give --trusted-proxies=127.0.0.1,::1", e.origin)
	case https:
		e.warn(what, "this program speaks http, so a proxy must do https for %s: name it with --trusted-proxies", e.origin)
	default:
		e.fine(what, "none is expected, and X-Forwarded-For is not believed")
	}
}

func (e *examination) mails(ctx context.Context) { e.way(ctx, "mail", e.mail, e.given.Mail) }

func (e *examination) texts(ctx context.Context) { e.way(ctx, "sms", e.sms, e.given.SMS) }

// way looks whether messages can go: a file can be written to, a provider picks
// up. It says nothing to the provider, so whether that lets us in is not seen.
func (e *examination) way(ctx context.Context, what string, w way, given string) {
	switch {
	case w.printed():
		e.warn(what, "messages are printed to standard error, codes included, and reach nobody")
	case w.scheme == "file":
		if err := writable(w.path); err != nil {
			e.fail(what, "%s cannot be written to: %v", w.path, err)
			return
		}
		e.fine(what, "messages are written to %s", w.path)
	default:
		address, err := otherEnd(given)
		if err == nil {
			err = reach(ctx, address)
		}
		if err != nil {
			e.fail(what, "%s: %v", w.scheme, err)
			return
		}
		e.fine(what, "%s: %s picks up; nothing was sent", w.scheme, address)
	}
}

// writable answers nil where a file can be written to, or made.
func writable(path string) error {
	err := syscall.Access(path, mayWrite)
	if errors.Is(err, os.ErrNotExist) {
		return syscall.Access(filepath.Dir(path), mayWrite|mayEnter)
	}
	return err
}

// otherEnd is the host and port that a provider's way leads to.
func otherEnd(given string) (address string, err error) {
	switch scheme, rest, _ := strings.Cut(given, ":"); scheme {
	case "webhook":
		receiver, err := courier.ParseWebhook(rest)
		if err != nil {
			return "", err
		}
		return webAddress(receiver.URL), nil
	case "twilio":
		provider, err := courier.ParseTwilio(given)
		if err != nil {
			return "", err
		}
		u, err := url.Parse(provider.Origin)
		if err != nil {
			return "", err
		}
		return webAddress(u), nil
	default:
		server, err := courier.ParseSMTP(given)
		if err != nil {
			return "", err
		}
		return net.JoinHostPort(server.Host, strconv.Itoa(server.Port)), nil
	}
}

func webAddress(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func reach(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}
