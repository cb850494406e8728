package main

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pquerna/otp/totp"
)

// A browser is a person's known device with its own IP address. Rate limits count
// both, so browsers do not exhaust each other's limits.
type browser struct {
	person
	ip     string
	cookie string // of the session or the attempt
	token  string // form token of the last page opened
}

var ips atomic.Uint32

func (p person) newBrowser() *browser {
	n := ips.Add(1)
	return &browser{person: p, ip: fmt.Sprintf("10.%d.%d.%d", n&255, n>>8&255, n>>16&255)} // in another /24 than the last one
}

const (
	sessionCookie = "twostep="
	deviceCookie  = "twostep-device="
)

func (b *browser) cookies() string {
	return strings.TrimPrefix(b.cookie+"; ", "; ") + deviceCookie + b.device()
}

var formToken = regexp.MustCompile(`name="token" value="([^"]+)"`)

// open loads a page with a form.
func (b *browser) open(c *conn, path string) error {
	resp, err := c.do(request(path, b.ip, b.cookies(), ""))
	if err != nil {
		return err
	}
	b.keepCookie(resp)
	match := formToken.FindSubmatch(c.body.Bytes())
	if resp.status != 200 || match == nil {
		return fmt.Errorf("GET %s: %d: %s", path, resp.status, c.body.Bytes())
	}
	b.token = string(match[1])
	return nil
}

// post returns the request of a form on the last page opened.
func (b *browser) post(path, action string, fields url.Values) []byte {
	fields.Set("token", b.token)
	fields.Set("action", action)
	return request(path, b.ip, b.cookies(), fields.Encode())
}

// submit posts a form and expects a redirect, which it does not follow.
func (b *browser) submit(c *conn, path, action string, fields url.Values) error {
	resp, err := c.do(b.post(path, action, fields))
	if err != nil {
		return err
	}
	b.keepCookie(resp)
	if resp.status != 303 {
		return fmt.Errorf("POST %s as %s: %d: %s", path, b.name, resp.status, c.body.Bytes())
	}
	return nil
}

func (b *browser) keepCookie(resp response) {
	for _, pair := range resp.cookies {
		if strings.HasPrefix(pair, sessionCookie) {
			b.cookie = pair
		}
		if device, ok := strings.CutPrefix(pair, deviceCookie); ok {
			devices.Store(b.name, device)
		}
	}
}

// devices are the device cookies by name of the person: each sign-in replaces it.
var devices sync.Map

func (b *browser) device() string {
	if device, ok := devices.Load(b.name); ok {
		return device.(string)
	}
	return keys.SignDevice(b.deviceToken())
}

// signIn opens the sign-in page and submits the password.
func (b *browser) signIn(c *conn) error {
	b.cookie = ""
	if err := b.open(c, "/sign-in"); err != nil {
		return err
	}
	return b.submit(c, "/sign-in", "continue", b.credentials())
}

func (b *browser) credentials() url.Values {
	return url.Values{"email": {b.email()}, "password": {password}}
}

// verifyTOTP submits the second factor, whose page must be open.
func (b *browser) verifyTOTP(c *conn) error {
	code, err := totp.GenerateCode(base32.StdEncoding.EncodeToString(b.totpKey()), time.Now())
	if err != nil {
		return err
	}
	return b.submit(c, "/sign-in", "verify", url.Values{"code": {code}})
}
