package settings

import (
	"context"
	"errors"
	"io"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"

	"twostep/cmd/twostep/courier"
	"twostep/cmd/twostep/internal/datadir"
)

// A Courier says how messages of one channel are sent, such as log: or file:PATH.
type Courier struct {
	Scheme   string
	Path     string // of file:
	Provider string // HOST:PORT of the server that a message is handed to; empty for log: and file:

	open func(terminal io.Writer) (courier.Courier, error)
}

// Open opens the courier. One that prints its messages does so to terminal.
func (c Courier) Open(terminal io.Writer) (courier.Courier, error) { return c.open(terminal) }

// Prints reports whether messages, and so codes, are only printed.
func (c Courier) Prints() bool { return c.Scheme == "log" }

// Signs reports whether the receiver needs the key in [datadir.Dir.WebhookKeyFile].
func (c Courier) Signs() bool { return c.Scheme == "webhook" }

// parseMail parses the value of --mail for a sender and the name of the
// product. Errors do not quote the value, which may hold a password.
func parseMail(sender, product, site string) func(value string) (Courier, error) {
	return func(value string) (Courier, error) {
		scheme, _, _ := strings.Cut(value, "://")
		if scheme != "smtp" && scheme != "smtps" {
			return parseLocal(value, "smtp://USER:PASSWORD@HOST:PORT or smtps://USER:PASSWORD@HOST:PORT")
		}
		server, err := courier.ParseSMTP(value)
		if err != nil {
			return Courier{}, err
		}
		server.From = netmail.Address{Name: product, Address: sender}
		server.Site = site
		return remote(scheme, net.JoinHostPort(server.Host, strconv.Itoa(server.Port)), server), nil
	}
}

// parseSMS parses the value of --sms. Keys of dir sign requests to a webhook.
func parseSMS(dir datadir.Dir) func(value string) (Courier, error) {
	return func(value string) (Courier, error) {
		scheme, rest, _ := strings.Cut(value, ":")
		switch scheme {
		case "webhook":
			webhook, err := courier.ParseWebhook(rest)
			if err != nil {
				return Courier{}, err
			}
			c := remote(scheme, hostPort(webhook.URL), webhook)
			c.open = func(io.Writer) (courier.Courier, error) {
				webhook.Keys, err = dir.WebhookKeys(context.Background())
				return webhook, err
			}
			return c, nil
		case "twilio":
			twilio, err := courier.ParseTwilio(value)
			if err != nil {
				return Courier{}, err
			}
			u, err := url.Parse(twilio.Origin)
			if err != nil {
				return Courier{}, err
			}
			return remote(scheme, hostPort(u), twilio), nil
		}
		return parseLocal(value, "webhook:URL or twilio://SID:TOKEN@HOST?from=NUMBER")
	}
}

// parseLocal parses the values that --mail and --sms have in common.
func parseLocal(value, others string) (Courier, error) {
	scheme, path, found := strings.Cut(value, ":")
	switch {
	case found && scheme == "log" && path == "":
		return Courier{Scheme: scheme, open: func(terminal io.Writer) (courier.Courier, error) { return courier.NewLog(terminal), nil }}, nil
	case found && scheme == "file" && path != "":
		return Courier{Scheme: scheme, Path: path, open: func(io.Writer) (courier.Courier, error) { return courier.NewFile(path) }}, nil
	}
	return Courier{}, errors.New("give log:, file:PATH, " + others)
}

func remote(scheme, provider string, c courier.Courier) Courier {
	return Courier{Scheme: scheme, Provider: provider, open: func(io.Writer) (courier.Courier, error) { return c, nil }}
}

func hostPort(u *url.URL) string {
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

// parseMailFrom parses the sender's email address; the default is derived from
// the host of the site.
func parseMailFrom(site string) func(value string) (string, error) {
	return func(value string) (string, error) {
		if value == "" {
			return courier.DefaultSender(site), nil
		}
		return courier.ParseSender(value)
	}
}
