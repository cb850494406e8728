package handlers_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

var invitationLink = regexp.MustCompile(`/invitation\?token=[\w%-]+`)

// invite adds an account and returns the link in its invitation.
func (site *testSite) invite(email string) string {
	site.t.Helper()
	if err := site.rules.AddAccount(site.t.(*testing.T).Context(), auth.Operator{}, email); err != nil {
		site.t.Fatal(err)
	}
	all := site.messages(email)
	link := invitationLink.FindString(all[len(all)-1].body)
	if link == "" || sixDigits.MatchString(strings.ReplaceAll(all[len(all)-1].body, link, "")) {
		site.t.Fatalf("not an invitation: %q", all[len(all)-1].body)
	}
	return link
}

// An invitation sets the first password without a request that strangers could use up.
// Its link works once and for a day, and opening it does not use it up (PW-13).
func TestInvitation(t *testing.T) {
	site := newSite(t)
	link := site.invite(ann)
	for range 10 {
		site.wait(31 * time.Minute)
		site.browser().open("/forgot-password").fill("Email address", ann).press("Continue")
	}
	site.browser().open(link).wantHeading("Set a new password") // a mail program looks at it
	b := site.browser().open(link).wantHeading("Set a new password").wantText(ann)
	again := site.browser().open(link)
	b.fill("New password", "short").press("Set password").wantError(422).wantHeading("Set a new password")
	b.fill("New password", newPassword).press("Set password").wantHeading("Sign in").wantText("Sign in with your new password")
	again.fill("New password", password).press("Set password").wantHeading("Reset your password").wantText("That link has expired or was already used")
	site.browser().open(link).wantHeading("Reset your password").wantText("That link has expired or was already used")
	b.signInWith(ann, newPassword).wantHeading("Account")

	link = site.invite("bob@example.org")
	site.wait(auth.InvitationLifetime - time.Millisecond)
	site.browser().open(link).wantHeading("Set a new password")
	site.wait(time.Millisecond)
	site.browser().open(link).wantHeading("Reset your password")
}
