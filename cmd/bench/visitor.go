package main

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pquerna/otp/totp"
)

// A visitor is a person with a browser the site knows, at an address that
// nobody else comes from: the brakes count both, and stay as they are.
type visitor struct {
	person
	address string
	cookie  string // of the session or the attempt
	token   string // of the form on the page that was opened last
}

var addresses atomic.Uint32

func (p person) visits() *visitor {
	n := addresses.Add(1)
	return &visitor{person: p, address: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)}
}

const (
	cookieName = "twostep="
	markerName = "twostep-browser="
)

func (v *visitor) cookies() string {
	return strings.TrimPrefix(v.cookie+"; ", "; ") + markerName + string(v.marker())
}

var token = regexp.MustCompile(`name="token" value="([^"]+)"`)

// open loads a page and takes the token of its form.
func (v *visitor) open(c *conn, path string) error {
	a, err := c.ask(request(path, v.address, v.cookies(), ""))
	if err != nil {
		return err
	}
	v.keep(a)
	found := token.FindSubmatch(c.body.Bytes())
	if a.status != 200 || found == nil {
		return fmt.Errorf("GET %s: %d: %s", path, a.status, c.body.Bytes())
	}
	v.token = string(found[1])
	return nil
}

// post is the request that a form makes.
func (v *visitor) post(path, action string, fields url.Values) []byte {
	fields.Set("token", v.token)
	fields.Set("action", action)
	return request(path, v.address, v.cookies(), fields.Encode())
}

// send posts a form and follows nothing.
func (v *visitor) send(c *conn, path, action string, fields url.Values) error {
	a, err := c.ask(v.post(path, action, fields))
	if err != nil {
		return err
	}
	v.keep(a)
	if a.status != 303 {
		return fmt.Errorf("POST %s as %s: %d: %s", path, v.name, a.status, c.body.Bytes())
	}
	return nil
}

func (v *visitor) keep(a answer) {
	for _, pair := range a.cookies {
		if strings.HasPrefix(pair, cookieName) {
			v.cookie = pair
		}
	}
}

// signIn is the first step, from the page on.
func (v *visitor) signIn(c *conn) error {
	v.cookie = ""
	if err := v.open(c, "/sign-in"); err != nil {
		return err
	}
	return v.send(c, "/sign-in", "continue", v.passwords())
}

func (v *visitor) passwords() url.Values {
	return url.Values{"email": {v.email()}, "password": {password}}
}

// secondStep is the code of the app, once its page was opened.
func (v *visitor) secondStep(c *conn) error {
	code, err := totp.GenerateCode(base32.StdEncoding.EncodeToString(v.key()), time.Now())
	if err != nil {
		return err
	}
	return v.send(c, "/sign-in", "verify", url.Values{"code": {code}})
}
