package main

import (
	"math/rand/v2"
	"net/url"
	"time"

	"twostep/auth"
	"twostep/auth/passkeytest"
)

const userPassword = "seven purple turtles"

// A user acts on the site through a client and remembers what it saw. What a
// complete response confirmed must be stored, whatever is killed. After a lost
// response both outcomes are right, and a later page shows which one it was.
type user struct {
	k      *killTest
	rand   *rand.Rand
	email  string
	c      *client
	number int // index of the user, from which phone numbers are made

	requested bool // an account was requested
	codeSent  bool // the code that confirms the email address was sent
	account   bool // the account exists

	key, newKey    string              // of the TOTP app; of one that is being added
	lastStep       int64               // newest TOTP step sent
	device         *passkeytest.Device // of the passkey
	passkeyAdded   bool
	phone          string // number given last
	phones         int    // numbers made
	phoneAdded     bool   // the number is on the account
	reserved       bool   // and is a second factor
	smsRequestedAt time.Time

	codes     []string // valid backup codes; nil before there were any
	usedCodes []string // used or replaced
	replacing bool     // a new set was requested
	replaced  bool     // and confirmed, but not read yet

	grants   []*grant // of the app
	logouts  []string // sessions with grants that have ended
	hostOpen bool     // the app behind the proxy opens

	limited   bool                    // by a rate limit; the user stops
	limitedBy string                  // the request and the page, of the last rate limit
	signedIn  bool                    // in client c
	uncertain *response               // a code whose result is unknown
	sent      map[auth.FactorKind]int // codes sent at sign-in
	signIns   map[auth.FactorKind]int // confirmed sign-ins
	confirmed map[auth.EventType]int  // confirmed events
	typed     []string                // SMS codes sent at sign-in
	tried     []string                // codes from mail and SMS that are used
	accepted  []response              // codes to replay
	probes    map[auth.FactorKind]int // number of replays
	ended     []*client               // clients that were signed out
	replays   []func()                // each sends an accepted form again
}

// A response is a code for the second step.
type response struct {
	kind auth.FactorKind
	code string
}

func (k *killTest) newUser(email string, random *rand.Rand) *user {
	u := &user{
		k: k, rand: random, email: email,
		sent: map[auth.FactorKind]int{}, signIns: map[auth.FactorKind]int{}, confirmed: map[auth.EventType]int{}, probes: map[auth.FactorKind]int{},
	}
	u.c = newClient(u)
	k.mu.Lock()
	defer k.mu.Unlock()
	u.number = len(k.users)
	k.users = append(k.users, u)
	return u
}

// act is all that a user does: sign up, set up factors, then sign in and out until
// the test is done. Few at a time create backup codes, whose hashes would slow
// down all others.
func (u *user) act() {
	u.repeat(u.signUp)
	if !u.account {
		return
	}
	plans := [][]func(){
		{u.useApp, u.openHost, u.signOut, u.signIn, u.replay, u.useApp, u.signOut, u.signIn},
		{u.addNumber, u.replay, u.signOut, u.signIn, u.replay},
	}
	select {
	case u.k.hashing <- struct{}{}:
		plans = [][]func(){
			{u.addTOTP, u.signOut, u.signIn, u.replay, u.replaceCodes, u.signOut, u.signIn, u.replay},
			{u.addPasskey, u.signOut, u.signIn, u.replay},
			{u.addPhone, u.signOut, u.signIn, u.replaceCodes},
			{u.addPhone, u.addTOTP, u.signOut, u.signIn, u.replay},
		}
		u.run(plans[int(u.k.hashers.Add(1)-1)%len(plans)]) // in turn, because they are few
		<-u.k.hashing
	default:
		u.run(plans[u.rand.IntN(len(plans))])
	}
	for !u.limited && u.k.sleep(u.idleTime()) {
		u.run([]func(){u.openHost, u.useApp, u.signOut, u.signIn, u.replay})
	}
}

// idleTime is how long the user stays signed in: with a phone until the next SMS
// is allowed.
func (u *user) idleTime() time.Duration {
	idle := time.Duration(5+u.rand.IntN(30)) * time.Second
	if u.reserved {
		idle = max(0, smsInterval-time.Since(u.smsRequestedAt)) + time.Duration(u.rand.IntN(3000))*time.Millisecond
	}
	return idle
}

func (u *user) run(plan []func()) {
	for _, action := range plan {
		if !u.k.isDone() && !u.limited {
			u.repeat(action)
		}
	}
}

// repeat repeats an action until it completes. After a kill it continues from the
// state that the pages show. A rate limit ends it.
func (u *user) repeat(action func()) {
	for !u.completes(action) {
	}
}

func (u *user) completes(action func()) (done bool) {
	defer func() {
		switch end := recover(); end {
		case nil, errLost:
		case errLimited:
			u.limited, done = true, true
		default:
			panic(end)
		}
	}()
	action()
	return true
}

// signUp creates an account. If the first response was lost, the attempt is lost
// too, and the user gives up.
func (u *user) signUp() {
	switch u.c.open("/sign-up").heading() {
	case "Account":
		u.account, u.signedIn = true, true
		return
	case "Sign up":
		if u.codeSent { // the response with the session was lost
			u.account = true // otherwise signing in fails
			u.signIn()
			return
		}
		if u.requested {
			return
		}
		u.requested = true
		u.c.fill("Email address", u.email).fill("Password", userPassword).mustPress("Continue")
		u.confirm("sign_up_code")
	}
	u.c.sees("Verify your email")
	code := u.code(&u.k.mail, u.email)
	u.c.fill("Code", code)
	before := u.c.clone()
	u.codeSent = true
	u.c.mustPress("Verify")
	u.account, u.signedIn = true, true
	u.confirm(auth.SignedUp)
	u.spent(before, "Verify", code)
	u.c.sees("Account")
}

// confirm records that the site confirmed an event.
func (u *user) confirm(event auth.EventType) {
	u.confirmed[event]++
	u.k.seen.Store(event, true)
}

// spent records that a form with a single-use code was accepted. For a short time the
// same browser may post it again and is led to the session that it began; that no
// second one begins is checked by the recorded events.
func (u *user) spent(before *client, button, code string) {
	u.tried = append(u.tried, code)
	u.spentForm(before, button, nil)
}

// spentForm is spent for a form with the values of fields that a script fills in.
func (u *user) spentForm(before *client, button string, more url.Values) {
	accepted := time.Now()
	u.replays = append(u.replays, func() {
		defer func() {
			if end := recover(); end != nil && end != errLimited { // a limit is a rejection, too
				panic(end)
			}
		}()
		if again := before.clone(); again.post(button, more) && again.url.Path != "/sign-in" && time.Since(accepted) > 2*auth.RepeatWindow {
			u.fatalf("%q was accepted twice, and led to %s", button, again.url)
		}
	})
}

func (u *user) ensureSignedIn() {
	if u.c.open("/account").heading() != "Account" {
		u.signIn()
	}
}

// signOut ends the session, in this client and in one with the same cookies.
func (u *user) signOut() {
	if u.c.open("/account").heading() != "Account" {
		u.endSessionGrants()
		return
	}
	before := u.c.clone()
	u.signedIn, u.hostOpen = false, false // possibly, even if the response is lost
	u.c.mustPress("Sign out")
	u.confirm("signed_out")
	u.endSessionGrants()
	u.ended = append(u.ended, before)
}
