package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"time"
)

// On a slow line a form is often posted twice: the password manager submits it, then
// the user presses the button. The browser drops the first response with its cookie
// and shows the second one. So the second post must end where the first one ended,
// although the code is spent and the attempt or session token has been replaced.
//
// For that the new token is not random but an HMAC of what was posted: the token
// that the form was bound to, and the response. Only the same browser can post the
// same form again, and then the server finds what it led to. Nothing is stored for
// it and nothing is consumed, begun or extended again:
//
//   - another response derives a token that refers to nothing
//   - if the session has ended, its token refers to nothing
//   - the time is part of the HMAC, so the form is invalid a minute later
//   - the replaced token is as secret as the new one: 256 random bits, only in this
//     browser's cookie. Without the server's key nobody can derive the one from the
//     other.

// A submission is a form as it was posted.
type submission struct {
	from     Token  // the attempt or session token that the form is bound to; empty for none
	device   Token  // of the known device that it came from; empty for none
	form     string // its name
	response string
	factor   FactorKind // of a response to an attempt
}

// The forms.
const (
	formSignIn         = "sign_in"
	formSignUp         = "sign_up"
	formReset          = "reset"
	formPasskey        = "passkey"
	formVerify         = "verify"
	formSetPassword    = "set_password"
	formRecovery       = "recovery"
	formChangePassword = "change_password"
	formApp            = "app"
	formInvite         = "invite"
)

// tokens returns the tokens of one kind that the submission leads to: first the one
// to begin something with now, then those that it led to less than two
// [RepeatWindow] ago.
func (r *Rules) tokens(kind string, s submission, now time.Time) []Token {
	if s.from == "" {
		return []Token{NewToken()}
	}
	var all []Token
	window := now.UnixMilli() / RepeatWindow.Milliseconds()
	for _, key := range r.keys.All(KeyRepeat) {
		for _, w := range []int64{window, window - 1} {
			all = append(all, tokenMAC(key, kind, s.form, string(s.from), strconv.FormatInt(w, 10), s.response))
		}
	}
	return all
}

// tokenMAC derives a token from what it depends on.
func tokenMAC(key []byte, parts ...string) Token {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return Token(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

// formRepeat names the count of guesses at what a form led to.
const formRepeat FactorKind = "repeat"

// The kinds of tokens.
const (
	sessionToken    = "session"
	attemptToken    = "attempt"
	deviceToken     = "device"
	secretToken     = "app_secret"
	invitationToken = "invitation"
)

func (r *Rules) newToken(kind string, s submission, now time.Time) Token {
	return r.tokens(kind, s, now)[0]
}

// repeated returns what the submission led to when it was posted before, or
// [ErrNotFound].
func (r *Rules) repeated(ctx context.Context, s submission, now time.Time) (Result, error) {
	if s.from == "" {
		return Result{}, ErrNotFound
	}
	for _, token := range r.tokens(sessionToken, s, now) {
		session, _, err := r.session(ctx, token, now)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		result := Result{Session: token}
		if err == nil {
			result.Device, err = r.replacedDevice(ctx, session.User, s, now)
		}
		return result, err
	}
	for _, token := range r.tokens(attemptToken, s, now) {
		if a, err := r.store.FindAttempt(ctx, token.Hash(), now); !errors.Is(err, ErrNotFound) {
			return Result{Attempt: token, Next: a.Next}, err
		}
	}
	if s.factor == "" {
		return Result{}, ErrNotFound
	}
	a, err := r.attempt(ctx, s.from, now) // a correct response need not end it
	if err == nil && !a.justVerified(s.factor, now) {
		err = ErrNotFound
	}
	return Result{}, err
}

// repeatedResponse is repeatedOr for a challenge. The response was correct, so it does
// not count as a failure.
func (r *Rules) repeatedResponse(ctx context.Context, err error, c challenge, now time.Time) (Result, error) {
	result, err := r.repeatedOr(ctx, err, c.posted, now)
	if err == nil {
		err = r.store.Apply(ctx, ChangeSet{At: now, Changes: []Change{r.settle(c)}})
	}
	return result, err
}

// repeatedOr is repeated, and returns err if there was no such submission. It
// is for losers of a race, which were counted before their response was checked.
func (r *Rules) repeatedOr(ctx context.Context, err error, s submission, now time.Time) (Result, error) {
	result, fault := r.repeated(ctx, s, now)
	if errors.Is(fault, ErrNotFound) {
		return Result{}, err
	}
	return result, fault
}

// repeatedForm returns what a form led to whose attempt or session has ended since. It
// is limited like other responses: it must not become a way to guess a code. Beyond the
// limit the form has expired, as it has for everybody else, and waiting does not help.
func (r *Rules) repeatedForm(ctx context.Context, client Client, s submission, now time.Time) (Result, error) {
	if s.from == "" {
		return Result{}, &Problem{Reason: FormExpired}
	}
	limits := r.limits(ActionRepeat, subjects{ByFactor: failureCounter(formRepeat, s.from.Hash(), false)}.from(client))
	err := r.allow(ctx, now, limits...)
	if isProblem(err) {
		return Result{}, &Problem{Reason: FormExpired}
	}
	if err != nil {
		return Result{}, err
	}
	result, err := r.repeated(ctx, s, now)
	return result, formExpired(err)
}

// RepeatedVerify returns what a response to an attempt led to, if the attempt is
// complete and its session has a new token since. Otherwise the form has expired.
func (r *Rules) RepeatedVerify(ctx context.Context, client Client, token Token, response string) (Result, error) {
	return r.repeatedForm(ctx, client, submission{from: token, form: formVerify, response: response}, r.now())
}

// RepeatedPasswordChange returns the new token of the session that has just changed
// its password by the same form.
func (r *Rules) RepeatedPasswordChange(ctx context.Context, client Client, current, password string) (Token, error) {
	result, err := r.repeatedForm(ctx, client, passwordForm(client, current, password), r.now())
	return result.Session, err
}

func passwordForm(client Client, current, password string) submission {
	return submission{from: client.FormToken, form: formChangePassword, response: current + "\x00" + password}
}

// justVerified reports whether the attempt's step was reached by a factor of this
// kind so recently that the form may have been posted twice.
func (a Attempt) justVerified(kind FactorKind, now time.Time) bool {
	if len(a.Verified) == 0 {
		return false
	}
	last := a.Verified[len(a.Verified)-1]
	return last.Factor == kind && recent(last.At, now)
}

// JustVerified is justVerified, for pages.
func (r *Rules) JustVerified(a Attempt, kind FactorKind) bool { return a.justVerified(kind, r.now()) }

// refused reports whether a response was refused for what it is, not for a limit.
func refused(err error) bool {
	p, ok := errors.AsType[*Problem](err)
	return ok && p.Wait == 0
}

func recent(at, now time.Time) bool {
	return !at.IsZero() && now.Sub(at) < RepeatWindow && plausible(at, now)
}
