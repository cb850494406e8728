package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
)

// webhookKeyFile stands in the data folder while SMS go to a webhook. It holds
// the key that the receiver checks them with, and nothing else opens with it.
const webhookKeyFile = "webhook-key"

// A way is how messages of one channel leave, such as log: or file:PATH.
type way struct {
	scheme string
	path   string // of a file
	open   func(screen io.Writer) (courier.Courier, error)
}

// mailWay reads the way of mails, which come from a sender under the product's
// name. What it refuses it does not repeat: addresses of mail servers come with
// a password.
func mailWay(sender, product, site string) func(given string) (way, error) {
	return func(given string) (way, error) {
		scheme, _, _ := strings.Cut(given, "://")
		if scheme != "smtp" && scheme != "smtps" {
			return localWay(given, "smtp://USER:PASSWORD@HOST:PORT or smtps://USER:PASSWORD@HOST:PORT")
		}
		server, err := courier.ParseSMTP(given)
		if err != nil {
			return way{}, err
		}
		server.From = netmail.Address{Name: product, Address: sender}
		server.Site = site
		return way{scheme: scheme, open: func(io.Writer) (courier.Courier, error) { return server, nil }}, nil
	}
}

// smsWay reads the way of SMS. The keys of the place sign what a webhook gets.
func smsWay(p places) func(given string) (way, error) {
	return func(given string) (way, error) {
		scheme, rest, _ := strings.Cut(given, ":")
		switch scheme {
		case "webhook":
			receiver, err := courier.ParseWebhook(rest)
			return way{scheme: scheme, open: func(io.Writer) (courier.Courier, error) {
				receiver.Keys, err = webhookKeys(p)
				return receiver, err
			}}, err
		case "twilio":
			provider, err := courier.ParseTwilio(given)
			return way{scheme: scheme, open: func(io.Writer) (courier.Courier, error) { return provider, nil }}, err
		}
		return localWay(given, "webhook:URL or twilio://SID:TOKEN@HOST?from=NUMBER")
	}
}

// localWay reads the ways that every channel has.
func localWay(given, others string) (way, error) {
	scheme, path, found := strings.Cut(given, ":")
	switch {
	case found && scheme == "log" && path == "":
		return way{scheme: scheme, open: func(screen io.Writer) (courier.Courier, error) { return courier.NewLog(screen), nil }}, nil
	case found && scheme == "file" && path != "":
		return way{scheme: scheme, path: path, open: func(io.Writer) (courier.Courier, error) { return courier.NewFile(path) }}, nil
	}
	return way{}, errors.New("give log:, file:PATH, " + others)
}

// printed reports whether the messages, and so the codes, are on the screen.
func (w way) printed() bool { return w.scheme == "log" }

// signed reports whether the other end needs the key in the webhook's key file.
func (w way) signed() bool { return w.scheme == "webhook" }

// courier opens the way.
func (w way) courier(screen io.Writer) (courier.Courier, error) { return w.open(screen) }

// mailSender reads the address that mails come from, or makes one of the site.
func mailSender(site string) func(given string) (string, error) {
	return func(given string) (string, error) {
		if given == "" {
			return courier.DefaultSender(site), nil
		}
		return courier.ParseSender(given)
	}
}

// siteHost is the host of the origin, which is nil for this machine.
func siteHost(origin *url.URL) string {
	if origin == nil {
		return "localhost"
	}
	return origin.Hostname()
}

// webhookKeys returns what requests are signed with, newest first, and leaves
// the newest where the operator finds it for the receiver. It is derived from
// the ring, which itself stays here.
func webhookKeys(p places) ([][]byte, error) {
	ring, err := p.ring(context.Background()) // which serve has made sure of
	if err != nil {
		return nil, fmt.Errorf("a webhook's messages are signed by the key ring: %w", err)
	}
	keys := ring.All(auth.KeyWebhook)
	if err := writeWebhookKey(filepath.Join(p.data, webhookKeyFile), keys[0]); err != nil {
		return nil, fmt.Errorf("write the key for the webhook's receiver: %w", err)
	}
	return keys, nil
}

// writeWebhookKey writes a key to path, whole or not at all and for its owner
// alone. A file that holds it already is left as it is, with the mode that the
// operator may have given it.
func writeWebhookKey(path string, key []byte) error {
	line := hex.EncodeToString(key) + "\n"
	if stands, err := os.ReadFile(path); err == nil && string(stands) == line {
		return nil
	}
	return writeWhole(path, line, os.Rename)
}
