package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"net/http"
	"strings"
	"sync"
	"unicode"

	"github.com/labstack/echo/v4"

	"twostep/auth"
)

// What a form may weigh: far above the longest one of this site, far below
// what costs memory (RL-09).
const (
	formBytes  = 64 << 10
	formFields = 200
)

// errForged is a form that was not made for this visitor.
var errForged = echo.NewHTTPError(http.StatusForbidden)

// readForm reads a posted form, once it is sure that it comes from a page of
// this site (CS-03) made for this visitor (CS-02). Only the body counts: the
// same name in the query means nothing (CS-10).
func (v *visit) readForm() error {
	r := v.Request()
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" && from != "none" {
		return errForged // the check below would take the word of Origin for it
	}
	if err := v.site.origins.Check(r); err != nil {
		return errForged
	}
	if r.ContentLength > formBytes {
		return echo.NewHTTPError(http.StatusRequestEntityTooLarge)
	}
	r.Body = http.MaxBytesReader(v.Response(), r.Body, formBytes)
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return echo.NewHTTPError(http.StatusRequestEntityTooLarge)
		}
		if r.PostForm == nil {
			return echo.NewHTTPError(http.StatusBadRequest)
		}
	}
	fields := 0
	for _, values := range r.PostForm {
		fields += len(values)
	}
	if fields > formFields {
		return echo.NewHTTPError(http.StatusRequestEntityTooLarge)
	}
	v.form = r.PostForm
	if !v.site.forms.valid(v.form.Get("token"), v.cookie.Session, v.cookie.Attempt) {
		return errForged
	}
	return nil
}

// action is the button that was pressed.
func (v *visit) action() string { return v.form.Get("action") }

// keptFields are the fields whose text survives a re-verification in between;
// it rides in the query of the way back.
var keptFields = []string{"email", "phone", "use"}

const typedPrefix = "typed-"

// typed is what was typed into a field, as it may be shown again: without
// control characters and not longer than any field needs.
func (v *visit) typed(field string) string {
	const most = 1000
	text := v.form.Get(field)
	if v.form == nil {
		text = v.QueryParam(typedPrefix + field)
	}
	s := strings.Map(func(sign rune) rune {
		if unicode.IsControl(sign) || sign == unicode.ReplacementChar {
			return -1
		}
		return sign
	}, text)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// formTokens makes and checks the token that every form carries: an HMAC of
// the visitor's handle, so that it dies with the handle and is of no use to
// anybody else.
type formTokens struct{ keys func() []formKey }

func newFormTokens(keys auth.Keyring) formTokens {
	return formTokens{auth.CachePerKeyring(keys, func(ring auth.Keyring) (all []formKey) {
		for _, key := range ring.All(auth.KeyForm) {
			all = append(all, formKey{&sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}})
		}
		return all
	})}
}

func (f formTokens) make(handle auth.Token) string {
	return base64.RawURLEncoding.EncodeToString(f.keys()[0].mac(handle))
}

// valid accepts the token of the handle that the visitor's forms are bound to.
func (f formTokens) valid(token string, session, attempt auth.Token) bool {
	bound := session
	if bound == "" {
		bound = attempt
	}
	got, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || bound == "" {
		return false
	}
	for _, key := range f.keys() {
		if hmac.Equal(got, key.mac(bound)) {
			return true
		}
	}
	return false
}

// A formKey is one key of tokens. To set an HMAC up costs as much as to make
// one, so they are kept.
type formKey struct{ macs *sync.Pool }

func (k formKey) mac(handle auth.Token) []byte {
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(handle))
	return mac.Sum(nil)
}
