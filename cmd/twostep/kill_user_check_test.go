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

// check compares what the user saw with what is stored after the last start.
func (u *user) check(store *db.Store) {
	email, err := auth.ParseEmail(u.email)
	if err != nil {
		u.fatalf("%v", err)
	}
	user, err := store.FindUserByEmail(u.k.t.Context(), email.Key)
	switch {
	case errors.Is(err, auth.ErrNotFound) && !u.account && !u.codeSent:
		return
	case err != nil || !u.account:
		u.fatalf("find the account: %v; it was confirmed: %v", err, u.account)
	}
	u.checkFactors(store, user.ID)
	u.checkActivity(store, user.ID)
	limited := u.limited
	u.repeat(u.checkSessions)
	if u.repeat(u.checkCodes); u.limited && !limited {
		u.fatalf("rate limited: %s", u.limitedBy)
	}
}

func (u *user) checkFactors(store *db.Store, user auth.UserID) {
	factors, err := store.FindFactors(u.k.t.Context(), user, time.Now())
	if err != nil {
		u.fatalf("%v", err)
	}
	if (factors.TOTP != nil) != (u.key != "") {
		u.fatalf("TOTP is set up: %v, want %v", factors.TOTP != nil, u.key != "")
	}
	reserved := slices.ContainsFunc(factors.Phones, func(p auth.Phone) bool { return p.Number == u.phone && p.Reserved() })
	if reserved != u.reserved || u.phoneAdded && len(factors.Phones) != 1 {
		u.fatalf("phones %v, want %s, reserved: %v", factors.Phones, u.phone, u.reserved)
	}
	if (len(factors.Passkeys) > 0) != u.passkeyAdded {
		u.fatalf("%d passkeys, added: %v", len(factors.Passkeys), u.passkeyAdded)
	}
	uncertain := 0
	if u.uncertain != nil && u.uncertain.kind == auth.BackupCode {
		uncertain = 1
	}
	if n := factors.BackupCodes - len(u.codes); n < 0 || n > uncertain {
		u.fatalf("%d backup codes, want %d", factors.BackupCodes, len(u.codes))
	}
}

// checkActivity reads the recorded activity, which includes events whose response
// was lost: no code signed anybody in twice, no confirmed event is missing, and
// each event led to its message.
func (u *user) checkActivity(store *db.Store, user auth.UserID) {
	const limit = 10000
	events, err := store.FindActivity(u.k.t.Context(), user, "", limit)
	if err != nil {
		u.fatalf("%v", err)
	}
	signIns, recorded, owed := map[auth.FactorKind]int{}, map[auth.EventType]int{}, map[courier.Message]int{}
	for _, e := range slices.Backward(events) { // the oldest first
		recorded[e.Type]++
		if e.Type == auth.SignedIn || e.Type == auth.SignedInNewDevice {
			signIns[e.Factor]++
		}
		const notices = 3                           // of one kind in an hour; then one that says there are more
		warning := e.Type == auth.RecoveryRequested // with a link, see checkRecovery
		if !warning && slices.Contains(auth.MessageKinds(), auth.MessageKind(e.Type)) && recorded[e.Type] <= notices+1 {
			m := auth.Message{
				Channel: auth.ByEmail, Kind: auth.MessageKind(e.Type), At: e.At, Summary: recorded[e.Type] > notices,
				Number: e.Phone, Email: e.Email, App: e.Name, Left: e.BackupCodesLeft, IP: e.IP, UserAgent: e.UserAgent,
			}
			if e.Actor != "" {
				m.Operated, m.IP, m.UserAgent = true, "", ""
			}
			text := views.NewRenderer("Twostep", siteOrigin, "", views.Links{}).Message(m)
			owed[courier.Message{Subject: text.Subject, Body: text.Text}]++
		}
	}
	for _, kind := range signInKinds {
		u.k.unconfirmed.Add(int32(signIns[kind] - u.signIns[kind]))
		if signIns[kind] < u.signIns[kind] || signIns[kind] > u.sent[kind] {
			u.fatalf("signed in with %s %d times, want at least the %d confirmed and at most the %d codes sent", kind, signIns[kind], u.signIns[kind], u.sent[kind])
		}
	}
	for event, n := range u.confirmed {
		if _, ok := recorded[event]; !ok && !slices.Contains(auth.EventTypes, event) {
			continue // a code, see checkMessages
		}
		u.k.unconfirmed.Add(int32(recorded[event] - n))
		if recorded[event] < n {
			u.fatalf("%s is recorded %d times, but was confirmed %d times", event, recorded[event], n)
		}
	}
	u.checkMessages(owed)
	u.checkRecovery(store, user, recorded)
}

// checkMessages checks that each message was sent at least once. It may have been
// sent twice if the server was killed before that was recorded; recording it
// first could lose it.
func (u *user) checkMessages(owed map[courier.Message]int) {
	codes := map[string]int{}
	for _, sent := range []struct {
		messages *messageFile
		to       string
	}{{&u.k.mail, u.email}, {&u.k.sms, u.phone}} {
		got, err := sent.messages.sentTo(sent.to)
		if err != nil {
			u.fatalf("%v", err)
		}
		for _, m := range got {
			if code := sixDigits.FindString(m.Body); code != "" {
				codes[m.Channel+code]++
				continue
			}
			if stopRecoveryLink.MatchString(m.Body) {
				continue
			}
			plain := courier.Message{Subject: m.Subject, Body: m.Body}
			if _, isOwed := owed[plain]; !isOwed {
				u.fatalf("unexpected message: %s\n%s", m.Subject, m.Body)
			}
			owed[plain]--
		}
	}
	for m, missing := range owed {
		if missing > 0 {
			u.fatalf("message not sent: %s\n%s", m.Subject, m.Body)
		}
		u.k.duplicates.Add(int32(-missing))
	}
	for _, n := range codes {
		u.k.duplicates.Add(int32(n - 1))
	}
	if want := u.confirmed["sign_up_code"] + u.confirmed["phone_code"] + u.confirmed["sign_in_code"]; len(codes) < want {
		u.fatalf("%d codes were sent, and the site announced %d", len(codes), want)
	}
}

// checkSessions opens the account in the user's client, and in those that were
// signed out.
func (u *user) checkSessions() {
	if u.signedIn {
		u.c.open("/account").sees("Account")
	}
	if u.hostOpen && !u.c.opensHost() {
		u.fatalf("the app does not open any more")
	}
	for _, c := range u.ended {
		if c.open("/account").sees("Sign in"); c.opensHost() {
			u.fatalf("the app opens after the session has ended")
		}
	}
	u.checkGrants()
	u.replay()
}

// checkCodes uses another client to sign in: used codes must fail, and one that is
// left must work.
func (u *user) checkCodes() {
	for n, code := range u.usedCodes {
		r := response{auth.BackupCode, code}
		if uncertain := u.uncertain != nil && *u.uncertain == r; n < replaysMax && !uncertain {
			u.wantRejected(r)
		}
	}
	other := newClient(u)
	other.open("/sign-in").sees("Sign in")
	if u.passkeyAdded {
		u.usePasskey(other)
		other.sees("Account")
		return
	}
	u.enterPassword(other)
	if len(u.codes) > 0 {
		other.sees("Verify your account")
		if code := u.codes[0]; !u.send(other, response{auth.BackupCode, code}) {
			u.fatalf("the backup code %s is rejected: %s", code, other.page.Text())
		}
	}
	other.sees("Account")
}
