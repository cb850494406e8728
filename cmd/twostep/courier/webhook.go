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

// SignatureHeader carries the time and the signatures of a webhook's request;
// the package comment says how a receiver checks them.
const SignatureHeader = "Twostep-Signature"

// A Webhook posts messages to a program of the operator's.
type Webhook struct {
	URL    *url.URL
	Keys   [][]byte     // what requests are signed with, newest first; at least one
	Client *http.Client // follows no redirect
}

// ParseWebhook reads the address of a receiver; Keys are left to be filled in.
// Its error never repeats the address, which often is a secret. Plain HTTP is
// for a receiver on this machine: codes cross no network in the clear.
func ParseWebhook(given string) (*Webhook, error) {
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "" {
		return nil, errors.New("after webhook: comes the address of the receiver, such as https://example.org/sms")
	}
	if u.Fragment != "" {
		return nil, errors.New("the receiver's address has a fragment, which no request carries")
	}
	host, _, err := hostOf(u)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "http" && !loopback(host) {
		return nil, errors.New("the receiver is on another machine, so its address must begin with https://: messages hold codes")
	}
	return &Webhook{URL: u, Client: newHTTPClient()}, nil
}

// Send posts a message.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	who := "the webhook at " + w.URL.Host
	body, err := m.encode()
	if err != nil {
		return err
	}
	body = bytes.TrimSuffix(body, []byte("\n"))
	request, err := http.NewRequest(http.MethodPost, w.URL.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("the address of the webhook makes no request") // its text would repeat the address
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(SignatureHeader, w.sign(time.Now(), body))
	answer, err := post(ctx, w.Client, who, request)
	if err != nil {
		return err
	}
	defer answer.Body.Close() // unread: the status says all
	if !wellDone(answer.StatusCode) {
		return refusal(who, answer.StatusCode, "")
	}
	return nil
}

// sign writes the header for a body. The time is signed with it, so that a
// receiver can refuse what somebody took down and sends again.
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
