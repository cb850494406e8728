package courier

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader holds the time and the signatures of a webhook request. The
// package documentation describes how a receiver verifies them.
const SignatureHeader = "Twostep-Signature"

// A Webhook posts messages to the operator's own program.
type Webhook struct {
	URL    *url.URL
	Keys   [][]byte     // signing keys, newest first; at least one
	Client *http.Client // follows no redirect
}

// ParseWebhook parses a receiver's URL. The caller sets Keys. Errors never repeat
// the URL, which is often a secret. Plain HTTP is accepted only for this
// machine, because messages contain codes.
func ParseWebhook(given string) (*Webhook, error) {
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "" {
		return nil, errors.New("must be webhook: and the receiver's URL, such as https://example.org/sms")
	}
	if u.Fragment != "" {
		return nil, errors.New("the receiver's URL must not have a fragment")
	}
	host, _, err := hostPort(u)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "http" && !isLoopback(host) {
		return nil, errors.New("the URL of a receiver on another machine must begin with https://, because messages contain codes")
	}
	return &Webhook{URL: u, Client: newHTTPClient()}, nil
}

// Send posts a message.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	receiver := "webhook " + w.URL.Host
	body, err := m.encode()
	if err != nil {
		return err
	}
	body = bytes.TrimSuffix(body, []byte("\n"))
	req, err := http.NewRequest(http.MethodPost, w.URL.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New(receiver + ": invalid URL") // err would repeat the URL
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(SignatureHeader, w.sign(time.Now(), body))
	return post(ctx, w.Client, receiver, req)
}

// sign returns the signature header of a body. The time is signed too, so that a
// receiver can reject a replayed request.
func (w *Webhook) sign(now time.Time, body []byte) string {
	t := strconv.FormatInt(now.Unix(), 10)
	var header strings.Builder
	header.WriteString("t=" + t)
	for _, key := range w.Keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(t + "."))
		mac.Write(body)
		header.WriteString(",v1=" + hex.EncodeToString(mac.Sum(nil)))
	}
	return header.String()
}
