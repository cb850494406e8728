package main

import (
	"slices"
	"time"

	"twostep/auth"
)

// smsApart is how far two codes to one number must lie apart, and a bit.
const smsApart = 31 * time.Second

// probesMost is how often a guest tries the used codes of one kind again:
// fewer than the failures after which one has to wait.
const probesMost = 2

// signIn proves the password and, where it is asked, a second factor.
func (g *guest) signIn() {
	switch g.c.open("/sign-in").heading() {
	case "Account":
		g.signedIn = true
		return
	case "Sign in":
		g.password(g.c)
	}
	if g.c.heading() == "Account" {
		if g.key != "" || g.reserved {
			g.wrong("signed in without a second factor")
		}
		g.came(auth.Password)
		return
	}
	g.c.sees("Verify your account")
	if g.key == "" && !g.reserved { // one of them was in doubt, and is there
		if g.reserved = g.asksPhone(); !g.reserved {
			g.key = g.newKey
		}
	}
	for !g.second() {
	}
}

func (g *guest) password(c *client) {
	if g.key == "" && g.phone != "" && time.Since(g.smsAsked) > smsApart {
		g.smsAsked = time.Now() // the phone is asked first, and gets its code at once
	}
	g.sent[auth.Password]++
	c.fill("Email address", g.email).fill("Password", guestsPassword).presses("Continue")
}

func (g *guest) came(by auth.FactorKind) {
	g.signedIn = true
	g.in[by]++
	g.s.happened.Store(by, true)
}

// asksPhone tells whether the page asks for a code by SMS.
func (g *guest) asksPhone() bool { return g.c.shown().Has("Send a new code") }

// second answers with one of the guest's factors, or waits until it can.
func (g *guest) second() (in bool) {
	if g.doubt != nil {
		return g.retry()
	}
	var ways []func() bool
	if g.key != "" && g.lastStep <= step(time.Now()) {
		ways = append(ways, g.byApp)
	}
	if len(g.codes) > 0 && !g.replacing {
		ways = append(ways, g.byBackupCode)
	}
	if g.reserved && (time.Since(g.smsAsked) > smsApart || g.c.reads("We sent a 6-digit code to")) {
		return g.byPhone() // which is seldom possible
	}
	if len(ways) == 0 {
		g.s.pause(time.Second)
		return false
	}
	return ways[g.rand.IntN(len(ways))]()
}

func (g *guest) byApp() bool {
	g.lastStep = max(g.lastStep+1, step(time.Now()))
	return g.tells(answer{auth.TOTPCode, appCode(g.key, g.lastStep)}, "the code of the app")
}

func (g *guest) byBackupCode() bool {
	n := g.rand.IntN(len(g.codes))
	code := g.codes[n]
	g.codes = slices.Delete(g.codes, n, n+1)
	g.dead = append(g.dead, code)
	return g.tells(answer{auth.BackupCode, code}, "a backup code")
}

// tells sends a code that is new, and so must be right.
func (g *guest) tells(a answer, what string) bool {
	g.sent[a.kind]++
	g.doubt = &a
	if !g.send(g.c, a) {
		g.wrong("%s is refused: %s", what, g.c.page.Text())
	}
	g.doubt = nil
	g.came(a.kind)
	g.taken = append(g.taken, a)
	return true
}

// retry sends a code again whose answer was cut off. It is taken where it was
// not before, see [guest.history], and never twice.
func (g *guest) retry() bool {
	a := *g.doubt
	in := g.send(g.c, a)
	g.doubt = nil
	if in {
		g.came(a.kind)
		g.taken = append(g.taken, a)
	}
	return in
}

func (g *guest) send(c *client, a answer) (done bool) {
	if c.shown().Has("Use your authentication app") && a.kind == auth.TOTPCode {
		c.presses("Use your authentication app")
	}
	c.fill("Code", a.code)
	if a.kind == auth.BackupCode {
		c.fill("This code is a backup code", "1")
	}
	return c.press("Verify")
}

// byPhone asks for a code by SMS, unless one is on its way. One of an attempt
// that was lost may come first, and is refused.
func (g *guest) byPhone() bool {
	switch {
	case g.c.reads("We sent a 6-digit code to"):
	case g.asksPhone():
		g.asks("Send a new code")
	default:
		g.asks("Send a code to •••• " + g.phone[len(g.phone)-4:])
	}
	for range auth.SentCodeAttempts {
		code := g.code(&g.s.sms, g.phone)
		g.c.fill("Code", code)
		before := g.c.clone()
		if !slices.Contains(g.typed, code) {
			g.typed = append(g.typed, code)
			g.sent[auth.PhoneCode]++
		}
		if g.c.press("Verify") {
			g.came(auth.PhoneCode)
			g.spent(before, "Verify", code)
			return true
		}
		g.tried = append(g.tried, code)
	}
	g.wrong("no code by SMS is right")
	return false
}

func (g *guest) asks(button string) {
	g.smsAsked = time.Now()
	g.c.presses(button)
	g.hears("sign_in_code")
}

// probe tries codes again that were taken: those that were sent for one form in
// that form, the others in a browser that the site does not know.
func (g *guest) probe() {
	for _, send := range g.again {
		send()
	}
	for ; len(g.taken) > 0; g.taken = g.taken[1:] {
		a := g.taken[0]
		if g.key == "" || g.probes[a.kind] >= probesMost { // without an app a code would go to the phone
			continue
		}
		g.probes[a.kind]++ // whether it is answered or not
		g.refused(a)
	}
}

func (g *guest) refused(a answer) {
	other := newClient(g)
	other.open("/sign-in").sees("Sign in")
	g.password(other)
	other.sees("Verify your account")
	if g.send(other, a) {
		g.wrong("the %s %s was taken twice", a.kind, a.code)
	}
}
