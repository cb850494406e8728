package main

import (
	"net/url"

	"twostep/auth"
	"twostep/auth/passkeytest"
)

// addPasskey adds a passkey that verifies its user, as the only second factor.
func (u *user) addPasskey() {
	u.ensureSignedIn()
	if u.c.open("/account/passkeys"); u.c.page.Has("Remove") {
		u.passkeyAdded = true
		u.saveCodes()
		return
	}
	if u.passkeyAdded {
		u.fatalf("the passkey is missing")
	}
	u.device = &passkeytest.Device{Verifies: true}
	if u.c.open("/account/passkeys/add").sees("Add a passkey"); !u.c.post("Create a passkey", u.asked(u.c, "Create a passkey")) {
		u.fatalf("the passkey is rejected: %s", u.c.page.Text())
	}
	u.passkeyAdded = true
	u.hashed(auth.PasskeyAdded)
	u.saveCodes()
}

// asked returns what the page's script posts for a button.
func (u *user) asked(c *client, name string) url.Values {
	button, err := c.current().Button(name)
	if err != nil {
		u.fatalf("%v: %s", err, c.page.Text())
	}
	form := button.Closest("form")
	ask := u.device.Get
	if form.AttrOr("data-passkey", "") == "create" {
		ask = u.device.Create
	}
	credential, err := ask(form.AttrOr("data-options", ""), siteOrigin)
	if err != nil {
		u.fatalf("%s: %v", name, err)
	}
	return url.Values{"credential": {credential}}
}

const passkeyButton = "Sign in with a passkey"

// usePasskey signs in, and returns what was posted.
func (u *user) usePasskey(c *client) url.Values {
	u.sent[auth.PasskeyVerified]++
	posted := u.asked(c, passkeyButton)
	if !c.post(passkeyButton, posted) {
		u.fatalf("the passkey is rejected: %s", c.page.Text())
	}
	return posted
}

func (u *user) signInWithPasskey() {
	before := u.c.open("/sign-in").sees("Sign in").clone()
	posted := u.usePasskey(u.c)
	u.signedInBy(auth.PasskeyVerified)
	u.spentForm(before, passkeyButton, posted)
}
