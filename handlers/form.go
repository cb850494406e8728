package handlers

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/labstack/echo/v4"

	"twostep/auth"
	"twostep/views"
)

// Limits of a posted form, well above the longest form of the site (RL-09).
const (
	formBytesMax  = 64 << 10
	formFieldsMax = 200
)

var (
	errForged        = echo.NewHTTPError(http.StatusForbidden)
	errTooLarge      = echo.NewHTTPError(http.StatusRequestEntityTooLarge)
	errUnknownAction = &auth.Problem{Reason: auth.UnknownAction}
)

// readForm checks that the form was posted by a page of this site (CS-03) made
// for this visitor (CS-02), and parses it. Query parameters with the name of
// a field are ignored (CS-10).
//
// A form with the wrong token is never carried out. But if the browser confirms that
// it comes from a page of this site, the user sees the form again: the page was open
// for a day or in another tab, or the cookies were deleted.
func (r *request) readForm() error {
	req := r.Request()
	if site := req.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return errForged // Check accepts such a request if its Origin is trusted
	}
	if err := r.site.origins.Check(req); err != nil {
		return errForged
	}
	req.Body = http.MaxBytesReader(r.Response(), req.Body, formBytesMax)
	if _, large := errors.AsType[*http.MaxBytesError](req.ParseForm()); large { // fields that are malformed are left out
		return errTooLarge
	}
	fields := 0
	for _, values := range req.PostForm {
		fields += len(values)
	}
	if fields > formFieldsMax {
		return errTooLarge
	}
	r.form = req.PostForm
	if r.site.forms.valid(r.form.Get("token"), r.cookie.Session, r.cookie.Attempt) {
		return nil
	}
	sameOrigin := req.Header.Get("Sec-Fetch-Site") == "same-origin" || req.Header.Get("Origin") == r.site.origin()
	if r.form.Get("token") == "" || !sameOrigin {
		return errForged
	}
	r.outdated = &auth.Problem{Reason: auth.FormExpired}
	if !r.site.cookies.sent(req) {
		r.outdated.Reason = auth.CookiesMissing
	}
	return nil
}

// action is the value of the pressed button.
func (r *request) action() string { return r.form.Get("action") }

// withNotice sets the next page's notice unless err is set, and returns err.
func (r *request) withNotice(notice views.Notice, err error) error {
	if err != nil {
		notice = ""
	}
	r.cookie.Notice = notice
	return err
}

// noticeIf is the notice of an action that may have had nothing to do.
func noticeIf(done bool, notice views.Notice) views.Notice {
	if !done {
		return views.NoticeNothingToDo
	}
	return notice
}

// prefillFields are the fields that keep their text across re-authentication.
var prefillFields = append([]string{"email", "emails", "phone", "use", "reason", "group", "date", "until", "end-previous"}, appFields...)

// keepTyped keeps the text of the fields for the next time that this browser opens
// the path. It is in the cookie and not in a URL: anybody can make a link that fills
// in their own email address.
func (r *request) keepTyped(path string, fields url.Values) {
	const lengthMax = 1000 // browsers accept cookies of 4096 bytes
	r.cookie.Typed = ""
	if kept := (&url.URL{Path: path, RawQuery: fields.Encode()}).String(); len(kept) < lengthMax {
		r.cookie.Typed = kept
	}
}

// typed returns the fields that were kept for this page. It shows them once.
func (r *request) typed() url.Values {
	kept, err := url.Parse(r.cookie.Typed)
	if err != nil || kept.Path != r.path() {
		return nil
	}
	return kept.Query()
}

// prefill returns the text to show in a field: as posted, or as kept across
// re-authentication. Control characters are removed and long text is cut off.
func (r *request) prefill(field string) string {
	const lengthMax = 1000
	text := r.entered(field)
	return strings.ToValidUTF8(text[:min(len(text), lengthMax)], "")
}

// entered is prefill without a limit other than that of forms.
func (r *request) entered(field string) string {
	text := r.form.Get(field)
	if r.form == nil {
		text = r.typed().Get(field)
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' || c == unicode.ReplacementChar {
			return -1
		}
		return c
	}, text)
}

// formToken returns the token of the page's forms. It is bound to the session,
// or else to the attempt; a visitor without either gets a random attempt token
// that refers to no attempt.
func (r *request) formToken() string {
	if r.signedIn() {
		return r.site.forms.token(r.cookie.Session)
	}
	r.cookie.Session = ""
	if r.cookie.Attempt == "" {
		r.cookie.Attempt = auth.NewToken()
	}
	return r.site.forms.token(r.cookie.Attempt)
}

// formTokens makes and checks the tokens of forms: HMACs of the session token or
// attempt token, so they expire with it and are valid for no other visitor.
type formTokens struct{ keys func() []formKey }

func newFormTokens(keys auth.Keyring) formTokens {
	return formTokens{auth.CachePerKeyring(keys, func(keys auth.Keyring) (all []formKey) {
		for _, key := range keys.All(auth.KeyForm) {
			all = append(all, formKey{&sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}})
		}
		return all
	})}
}

func (f formTokens) token(bound auth.Token) string {
	return f.keys()[0].token(bound)
}

// valid reports whether token is bound to the session or, without a session
// token, to the attempt.
func (f formTokens) valid(token string, session, attempt auth.Token) bool {
	bound := cmp.Or(session, attempt)
	return bound != "" && slices.ContainsFunc(f.keys(), func(key formKey) bool { return hmac.Equal([]byte(token), []byte(key.token(bound))) })
}

// A formKey makes HMACs with one key. They are reused, because initializing one
// takes as long as computing it.
type formKey struct{ macs *sync.Pool }

func (k formKey) token(bound auth.Token) string {
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(bound))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// posted reports whether the request is a form to be carried out.
func (r *request) posted() bool { return r.form != nil && r.outdated == nil }

// purposes are those of the attempts that the pages show.
var purposes = map[string]auth.Purpose{
	"/sign-in": auth.SignIn, "/sign-up": auth.SignUp, "/forgot-password": auth.ResetPassword,
}

// showAgain shows the page of an outdated form again, unless another tab or an
// earlier post of the form has led further.
func (row route) showAgain(r *request) error {
	r.log.refused(r.outdated)
	switch {
	case r.cookie.Notice != "" || row.page == nil: // a notice is of a post whose next page was not loaded
		if !r.signedIn() {
			return r.redirect(signInPath(r.next()))
		}
		if r.cookie.Notice == "" {
			r.cookie.Notice = views.NoticeFormExpired
		}
		return r.redirect(localPath(r.next()))
	case r.action() == "continue" && purposes[row.path] != "":
		a, err := r.attempt(purposes[row.path])
		if err != nil {
			return err
		}
		if a.TokenHash != "" {
			return r.redirect(r.Request().URL.RequestURI())
		}
	}
	return row.refuse(r, r.outdated)
}
