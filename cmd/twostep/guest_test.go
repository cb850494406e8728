package main

import (
	"math/rand/v2"
	"time"

	"twostep/auth"
)

const guestsPassword = "seven purple turtles"

// A guest is one person, who knows what the site has told and what it was told.
// What was told whole is a fact: it must stand whatever is killed. Of a press
// whose answer was cut off either outcome is right, and the pages say later
// which one it was.
type guest struct {
	s      *siege
	rand   *rand.Rand
	email  string
	c      *client
	number int // of the guest, from which phone numbers are made

	account  bool // the address was proved
	askedFor bool // an account was asked for
	proving  bool // the proof was sent

	key, newKey string // of the app; of one whose proof was sent
	lastStep    int64  // sent to the site
	phone       string // number given to the site
	phones      int    // numbers made
	added       bool   // the phone is on the account
	reserved    bool   // and a second factor
	smsAsked    time.Time

	codes     []string // backup codes that work; nil before there were any
	dead      []string // and those that do no more
	replacing bool     // a new set was asked for
	replaced  bool     // and made, as told, but not seen yet

	held     bool                    // until the next try is allowed
	signedIn bool                    // in the browser c
	doubt    *answer                 // its outcome is not known
	sent     map[auth.FactorKind]int // codes sent to the site at sign-in
	in       map[auth.FactorKind]int // sign-ins by them, as told
	told     map[auth.EventType]int  // what the site said was done
	typed    []string                // codes by SMS that were sent to the site at sign-in
	tried    []string                // codes by mail and SMS that are used up
	taken    []answer                // codes that were taken, to be tried once more
	probes   map[auth.FactorKind]int // how many were
	ended    []*client               // browsers that were signed out
	again    []func()                // sends a form anew that was taken already
}

// An answer is a code for the second step.
type answer struct {
	kind auth.FactorKind
	code string
}

func (s *siege) guest(email string, random *rand.Rand) *guest {
	g := &guest{
		s: s, rand: random, email: email,
		sent: map[auth.FactorKind]int{}, in: map[auth.FactorKind]int{}, told: map[auth.EventType]int{}, probes: map[auth.FactorKind]int{},
	}
	g.c = newClient(g)
	s.mu.Lock()
	defer s.mu.Unlock()
	g.number = len(s.guests)
	s.guests = append(s.guests, g)
	return g
}

// live is all that a guest does: an account, one or two factors, and then going
// in and out for as long as the siege lasts. Few at a time do what takes new
// backup codes, or nobody would come to anything else.
func (g *guest) live() {
	g.until(g.signUp)
	if !g.account {
		return
	}
	plans := [][]func(){
		{g.signOut, g.signIn, g.probe, g.signOut, g.signIn},
		{g.addNumber, g.probe, g.signOut, g.signIn, g.probe},
	}
	select {
	case g.s.hashing <- struct{}{}:
		plans = [][]func(){
			{g.addApp, g.signOut, g.signIn, g.probe, g.newCodes, g.signOut, g.signIn, g.probe},
			{g.addPhone, g.signOut, g.signIn, g.newCodes},
			{g.addPhone, g.addApp, g.signOut, g.signIn, g.probe},
		}
		g.follow(plans[g.rand.IntN(len(plans))])
		<-g.s.hashing
	default:
		g.follow(plans[g.rand.IntN(len(plans))])
	}
	for !g.held && g.s.sleep(g.rest()) {
		g.follow([]func(){g.signOut, g.signIn, g.probe})
	}
}

// rest is how long a guest stays in: one with a phone until another code can be
// sent there.
func (g *guest) rest() time.Duration {
	rest := time.Duration(5+g.rand.IntN(30)) * time.Second
	if g.reserved {
		rest = max(0, smsApart-time.Since(g.smsAsked)) + time.Duration(g.rand.IntN(3000))*time.Millisecond
	}
	return rest
}

func (g *guest) follow(plan []func()) {
	for _, deed := range plan {
		if !g.s.isOver() && !g.held {
			g.until(deed)
		}
	}
}

// until does a deed until it is done. Where the server dies meanwhile it is
// taken up again from where the pages say it stands. Who has to wait for new
// tries goes home.
func (g *guest) until(deed func()) {
	for !g.uncut(deed) {
	}
}

func (g *guest) uncut(deed func()) (done bool) {
	defer func() {
		switch end := recover(); end {
		case nil, errCut:
		case errHeld:
			g.held, done = true, true
		default:
			panic(end)
		}
	}()
	deed()
	return true
}

// signUp ends with an account or, where the answer to the first press was lost
// and with it the attempt, with none: then this address is left alone.
func (g *guest) signUp() {
	switch g.c.open("/sign-up").heading() {
	case "Account":
		g.account, g.signedIn = true, true
		return
	case "Sign up":
		if g.proving { // the answer with the session was lost
			g.account = true // or signing in fails
			g.signIn()
			return
		}
		if g.askedFor {
			return
		}
		g.askedFor = true
		g.c.fill("Email address", g.email).fill("Password", guestsPassword).presses("Continue")
		g.hears("sign_up_code")
	}
	g.c.sees("Verify your email")
	code := g.code(&g.s.mail, g.email)
	g.c.fill("Code", code)
	before := g.c.clone()
	g.proving = true
	g.c.presses("Verify")
	g.account, g.signedIn = true, true
	g.hears(auth.SignedUp)
	g.spent(before, "Verify", code)
	g.c.sees("Account")
}

// hears notes that the site said that something was done.
func (g *guest) hears(what auth.EventType) {
	g.told[what]++
	g.s.happened.Store(what, true)
}

// spent notes that a form was taken with a code that works once.
func (g *guest) spent(before *client, button, code string) {
	g.tried = append(g.tried, code)
	g.again = append(g.again, func() {
		if again := before.clone(); again.press(button) && again.url.Path != "/sign-in" {
			g.wrong("the code %s was taken twice, and led to %s", code, again.url)
		}
	})
}

func (g *guest) comeIn() {
	if g.c.open("/account").heading() != "Account" {
		g.signIn()
	}
}

// signOut ends the session, in this browser and in one that has its cookies.
func (g *guest) signOut() {
	if g.c.open("/account").heading() != "Account" {
		return
	}
	before := g.c.clone()
	g.signedIn = false // or not, if the answer is lost
	g.c.presses("Sign out")
	g.hears("signed_out")
	g.ended = append(g.ended, before)
}
