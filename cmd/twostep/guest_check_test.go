package main

import (
	"errors"
	"slices"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
	"twostep/db"
	"twostep/views"
)

// check compares what a guest knows with what stands after the last start.
func (g *guest) check(store *db.Store) {
	email, err := auth.ParseEmail(g.email)
	if err != nil {
		g.wrong("%v", err)
	}
	user, err := store.FindUserByEmail(g.s.t.Context(), email.Key)
	switch {
	case errors.Is(err, auth.ErrNotFound) && !g.account && !g.proving:
		return
	case err != nil || !g.account:
		g.wrong("the account: %v; it was proved: %v", err, g.account)
	}
	g.checkFactors(store, user.ID)
	g.checkHistory(store, user.ID)
	held := g.held
	g.until(g.checkSessions)
	if g.until(g.checkCodes); g.held && !held {
		g.wrong("too many tries")
	}
}

func (g *guest) checkFactors(store *db.Store, user auth.UserID) {
	factors, err := store.FindFactors(g.s.t.Context(), user, time.Now())
	if err != nil {
		g.wrong("%v", err)
	}
	if (factors.TOTP != nil) != (g.key != "") {
		g.wrong("an app on the account: %v, want %v", factors.TOTP != nil, g.key != "")
	}
	reserved := slices.ContainsFunc(factors.Phones, func(p auth.Phone) bool { return p.Number == g.phone && p.Reserved() })
	if reserved != g.reserved || g.added && len(factors.Phones) != 1 {
		g.wrong("phones %v, want %s, reserved: %v", factors.Phones, g.phone, g.reserved)
	}
	inDoubt := 0
	if g.doubt != nil && g.doubt.kind == auth.BackupCode {
		inDoubt = 1
	}
	if n := factors.BackupCodes - len(g.codes); n < 0 || n > inDoubt {
		g.wrong("%d backup codes, want %d", factors.BackupCodes, len(g.codes))
	}
}

// checkHistory looks at what the database says happened, which includes what
// the guest was not told because the answer was cut off: no code let anybody in
// twice, nothing that was told is missing, and for whatever happened a letter
// came.
func (g *guest) checkHistory(store *db.Store, user auth.UserID) {
	const most = 10000
	events, err := store.FindActivity(g.s.t.Context(), user, "", most)
	if err != nil {
		g.wrong("%v", err)
	}
	in, happened, owed := map[auth.FactorKind]int{}, map[auth.EventType]int{}, map[courier.Message]int{}
	for _, e := range events {
		happened[e.Type]++
		if e.Type == auth.SignedIn || e.Type == auth.SignedInNewDevice {
			in[e.Factor]++
		}
		if slices.Contains(auth.MessageKinds(), auth.MessageKind(e.Type)) {
			m := auth.Message{
				Channel: auth.ByEmail, Kind: auth.MessageKind(e.Type), At: e.At,
				Number: e.Number, Email: e.Email, Left: e.Left, IP: e.IP, UserAgent: e.UserAgent,
			}
			subject, body := views.RenderMessage(m, "Twostep", siteOrigin)
			owed[courier.Message{Subject: subject, Body: body}]++
		}
	}
	for _, kind := range proofs {
		g.s.unsaid.Add(int32(in[kind] - g.in[kind]))
		if in[kind] < g.in[kind] || in[kind] > g.sent[kind] {
			g.wrong("signed in by %s %d times, want no less than the %d that were told and no more than the %d codes", kind, in[kind], g.in[kind], g.sent[kind])
		}
	}
	for what, told := range g.told {
		if _, isEvent := happened[what]; !isEvent && !slices.Contains(auth.EventTypes, what) {
			continue // a code, see checkLetters
		}
		g.s.unsaid.Add(int32(happened[what] - told))
		if happened[what] < told {
			g.wrong("%s %d times, and %d were told", what, happened[what], told)
		}
	}
	g.checkLetters(owed)
}

// checkLetters finds each letter that is owed at least once. It may have come
// twice where the server was killed between handing it over and noting that:
// to note it first would lose it there.
func (g *guest) checkLetters(owed map[courier.Message]int) {
	codes := map[string]int{}
	for _, post := range []struct {
		letters *letters
		to      string
	}{{&g.s.mail, g.email}, {&g.s.sms, g.phone}} {
		got, err := post.letters.to(post.to)
		if err != nil {
			g.wrong("%v", err)
		}
		for _, m := range got {
			if code := sixDigits.FindString(m.Body); code != "" {
				codes[m.Channel+code]++
				continue
			}
			plain := courier.Message{Subject: m.Subject, Body: m.Body}
			if _, isOwed := owed[plain]; !isOwed {
				g.wrong("nobody owed it this letter: %s\n%s", m.Subject, m.Body)
			}
			owed[plain]--
		}
	}
	for letter, missing := range owed {
		if missing > 0 {
			g.wrong("this letter has not come: %s\n%s", letter.Subject, letter.Body)
		}
		g.s.twice.Add(int32(-missing))
	}
	for _, n := range codes {
		g.s.twice.Add(int32(n - 1))
	}
	if told := g.told["sign_up_code"] + g.told["phone_code"] + g.told["sign_in_code"]; len(codes) < told {
		g.wrong("%d codes have come, and the site said that it sends %d", len(codes), told)
	}
}

// checkSessions opens the account in the guest's browser, and in those that
// were signed out.
func (g *guest) checkSessions() {
	if g.signedIn {
		g.c.open("/account").sees("Account")
	}
	for _, c := range g.ended {
		c.open("/account").sees("Sign in")
	}
	g.probe()
}

// checkCodes signs in elsewhere: by nothing that is used up, and then by what
// is left.
func (g *guest) checkCodes() {
	for n, code := range g.dead {
		a := answer{auth.BackupCode, code}
		if inDoubt := g.doubt != nil && *g.doubt == a; n < probesMost && !inDoubt { // one whose answer was cut off may be good still
			g.refused(a)
		}
	}
	other := newClient(g)
	other.open("/sign-in").sees("Sign in")
	g.password(other)
	if len(g.codes) > 0 {
		other.sees("Verify your account")
		if code := g.codes[0]; !g.send(other, answer{auth.BackupCode, code}) {
			g.wrong("the backup code %s is refused: %s", code, other.page.Text())
		}
	}
	other.sees("Account")
}
