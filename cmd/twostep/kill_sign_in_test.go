package main

import (
	"slices"
	"time"

	"twostep/auth"
)

// smsInterval is the time between two codes to one number, with a margin.
const smsInterval = 31 * time.Second

// replaysMax is how many used codes of one kind a user replays: fewer than the
// failures that lead to a wait.
const replaysMax = 2

// signIn signs in with the password and, if required, a second factor.
func (u *user) signIn() {
	switch u.c.open("/sign-in").heading() {
	case "Account":
		u.signedIn = true
		return
	case "Sign in":
		if u.passkeyAdded {
			u.signInWithPasskey()
			return
		}
		u.enterPassword(u.c)
	}
	if u.c.heading() == "Account" {
		if u.key != "" || u.reserved || u.passkeyAdded {
			u.fatalf("signed in without a second factor")
		}
		u.signedInBy(auth.Password)
		return
	}
	u.c.sees("Verify your account")
	if u.device != nil { // the response to adding it was lost
		u.passkeyAdded = true
		u.signInWithPasskey()
		return
	}
	if u.key == "" && !u.reserved { // one was uncertain, and exists
		if u.reserved = u.asksForSMS(); !u.reserved {
			u.key = u.newKey
		}
	}
	for !u.secondFactor() {
	}
}

func (u *user) enterPassword(c *client) {
	if u.key == "" && u.phone != "" && time.Since(u.smsRequestedAt) > smsInterval {
		u.smsRequestedAt = time.Now() // the phone is the default, and gets its code at once
	}
	u.sent[auth.Password]++
	c.fill("Email address", u.email).fill("Password", userPassword).mustPress("Continue")
}

func (u *user) signedInBy(kind auth.FactorKind) {
	u.signedIn = true
	u.signIns[kind]++
	u.k.seen.Store(kind, true)
}

// asksForSMS reports whether the page asks for a code by SMS.
func (u *user) asksForSMS() bool { return u.c.current().Has("Send a new code") }

// secondFactor sends a code of one of the factors, or waits until it can.
func (u *user) secondFactor() (signedIn bool) {
	if u.uncertain != nil {
		return u.resend()
	}
	var options []func() bool
	if u.key != "" && u.lastStep <= step(time.Now()) {
		if _, seen := u.k.seen.Load(auth.TOTPCode); !seen { // a run must include one
			return u.byApp()
		}
		options = append(options, u.byApp)
	}
	if len(u.codes) > 0 && !u.replacing {
		options = append(options, u.byBackupCode)
	}
	if u.reserved && (time.Since(u.smsRequestedAt) > smsInterval || u.c.reads("We sent a 6-digit code to")) {
		return u.byPhone() // preferred, because it is rarely possible
	}
	if len(options) == 0 {
		u.k.pause(time.Second)
		return false
	}
	return options[u.rand.IntN(len(options))]()
}

func (u *user) byApp() bool {
	u.lastStep = max(u.lastStep+1, step(time.Now()))
	return u.sendNew(response{auth.TOTPCode, appCode(u.key, u.lastStep)}, "the TOTP code")
}

func (u *user) byBackupCode() bool {
	n := u.rand.IntN(len(u.codes))
	code := u.codes[n]
	u.codes = slices.Delete(u.codes, n, n+1)
	u.usedCodes = append(u.usedCodes, code)
	return u.sendNew(response{auth.BackupCode, code}, "a backup code")
}

// sendNew sends a code that was not used before, and must be accepted.
func (u *user) sendNew(r response, name string) bool {
	u.sent[r.kind]++
	u.uncertain = &r
	if !u.send(u.c, r) {
		u.fatalf("%s is rejected: %s", name, u.c.page.Text())
	}
	u.uncertain = nil
	u.signedInBy(r.kind)
	u.accepted = append(u.accepted, r)
	return true
}

// resend sends a code again after its response was lost. It is accepted if it was
// not accepted before, see [user.checkActivity].
func (u *user) resend() bool {
	r := *u.uncertain
	signedIn := u.send(u.c, r)
	u.uncertain = nil
	if signedIn {
		u.signedInBy(r.kind)
		u.accepted = append(u.accepted, r)
	}
	return signedIn
}

func (u *user) send(c *client, r response) (done bool) {
	const useApp = "Use your authentication app"
	if _, err := c.current().Link(useApp); r.kind == auth.TOTPCode && err == nil { // on the page for a backup code
		c.follow(useApp)
	} else if r.kind == auth.TOTPCode && c.current().Has(useApp) {
		c.mustPress(useApp)
	}
	c.fill("Code", r.code)
	if r.kind == auth.BackupCode {
		c.fill("This code is a backup code", "1")
	}
	return c.press("Verify")
}

// byPhone requests a code by SMS, unless one was sent. A code of a lost attempt may
// arrive first, and is rejected.
func (u *user) byPhone() bool {
	switch {
	case u.c.reads("We sent a 6-digit code to"):
	case u.asksForSMS():
		u.requestSMS("Send a new code")
	default:
		u.requestSMS("Send a code to •••• " + u.phone[len(u.phone)-4:])
	}
	for range auth.SentCodeAttempts {
		code := u.code(&u.k.sms, u.phone)
		u.c.fill("Code", code)
		before := u.c.clone()
		if !slices.Contains(u.typed, code) {
			u.typed = append(u.typed, code)
			u.sent[auth.PhoneCode]++
		}
		if u.c.press("Verify") {
			u.signedInBy(auth.PhoneCode)
			u.spent(before, "Verify", code)
			return true
		}
		u.tried = append(u.tried, code)
	}
	u.fatalf("no SMS code is accepted")
	return false
}

func (u *user) requestSMS(button string) {
	u.smsRequestedAt = time.Now()
	u.c.mustPress(button)
	u.confirm("sign_in_code")
}

// replay sends accepted codes again: those that belong to one form in that form,
// the others in a client that the site does not know.
func (u *user) replay() {
	for _, send := range u.replays {
		send()
	}
	for ; len(u.accepted) > 0; u.accepted = u.accepted[1:] {
		r := u.accepted[0]
		if u.key == "" || u.probes[r.kind] >= replaysMax { // without an app an SMS would be sent
			continue
		}
		u.probes[r.kind]++ // even if the response is lost
		u.wantRejected(r)
	}
}

func (u *user) wantRejected(r response) {
	other := newClient(u)
	other.open("/sign-in").sees("Sign in")
	u.enterPassword(other)
	other.sees("Verify your account")
	if u.send(other, r) {
		u.fatalf("the %s %s was accepted twice", r.kind, r.code)
	}
}
