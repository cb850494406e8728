package main

import (
	"regexp"
	"slices"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
	"twostep/db"
)

var stopRecoveryLink = regexp.MustCompile(`/recovery/stop\?token=[\w%-]+`)

// A lostFactor is a user's recovery, which they request once.
type lostFactor struct {
	c        *client // of the user, apart from the one that is signed in
	verified bool    // a code was sent that may have requested it
	done     bool    // the site has confirmed that
	stopped  bool    // the site has confirmed that it was stopped
}

// requestRecovery requests a recovery, as if the user had lost the second factor.
func (u *user) requestRecovery() {
	if u.key == "" && !u.reserved || u.lost.done {
		return
	}
	if u.lost.c == nil {
		u.lost.c = newClient(u)
	}
	c := u.lost.c
	switch c.open("/recovery").heading() {
	case "Sign in":
		if u.lost.verified {
			u.fatalf("the attempt is lost after its code")
		}
		u.enterPassword(c)
		c.sees("Verify your account").follow("I have lost my phone and backup codes").sees("Recover your account").mustPress("Send a code")
	case "Recover your account":
		c.mustPress("Send a code")
	}
	for c.heading() == "Check your email" {
		code := u.code(&u.k.mail, u.email)
		c.fill("Code", code)
		u.lost.verified = true
		if !c.press("Verify") { // it was for another attempt
			u.tried = append(u.tried, code)
		}
	}
	c.sees("Recovery requested")
	u.lost.done = true
	u.confirm(auth.RecoveryRequested)
}

// stopRecovery stops the recovery by the link in a message, unless a sign-in with the factor
// that is not lost has done so.
func (u *user) stopRecovery() {
	if !u.lost.done || u.lost.stopped {
		return
	}
	link := u.sentText(&u.k.mail, u.email, stopRecoveryLink)
	c := newClient(u)
	if c.open(link).sees("Stop the recovery").page.Has("Stop the recovery") {
		before := c.clone()
		c.mustPress("Stop the recovery")
		u.confirm(auth.RecoveryStopped)
		if before.press("Stop the recovery") {
			u.fatalf("the recovery was stopped twice")
		}
	}
	if c.open(link).page.Has("Stop the recovery") {
		u.fatalf("the recovery can still be stopped")
	}
	u.lost.stopped = true
}

// checkRecovery checks that at most one recovery was requested, and that one that was stopped
// has stayed so.
func (u *user) checkRecovery(store *db.Store, user auth.UserID, recorded map[auth.EventType]int) {
	for _, event := range []auth.EventType{auth.RecoveryRequested, auth.RecoveryStopped} {
		if n := recorded[event]; n > 1 {
			u.fatalf("%s is recorded %d times", event, n)
		}
	}
	recovery, err := store.FindRecovery(u.k.t.Context(), user)
	switch requested := recorded[auth.RecoveryRequested] == 1; {
	case requested != (err == nil) || requested && !u.lost.verified:
		u.fatalf("a recovery exists: %v; its request is recorded: %v, its code was sent: %v", err, requested, u.lost.verified)
	case requested && (recovery.Pending() != (recorded[auth.RecoveryStopped] == 0) || recovery.Completed || u.lost.stopped && recovery.Pending()):
		u.fatalf("the recovery is %+v, was stopped: %v", recovery, u.lost.stopped)
	case !requested:
		return
	}
	for messages, to := range map[*messageFile]string{&u.k.mail: u.email, &u.k.sms: u.phone} {
		got, err := messages.sentTo(to)
		warned := slices.ContainsFunc(got, func(m courier.Message) bool { return stopRecoveryLink.MatchString(m.Body) })
		if expected := messages == &u.k.mail || u.phoneAdded; err != nil || warned != expected {
			u.fatalf("warned of the recovery at %s: %v, %v", to, warned, err)
		}
	}
}
