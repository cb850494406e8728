package handlers_test

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
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
// Its link works once and for a week, and opening it does not use it up (PW-13).
func TestInvitation(t *testing.T) {
	site := newSite(t)
	link := site.invite(ann)
	for range 10 {
		site.wait(31 * time.Minute)
		site.browser().open("/forgot-password").fill("Email address", ann).press("Continue")
	}
	site.browser().open(link).wantHeading("Set a new password")                            // a mail program looks at it
	site.browser().signUp(dave).open(link).wantHeading("Set a new password").wantText(ann) // also while somebody else is signed in
	b := site.browser().open(link).wantHeading("Set a new password").wantText(ann)
	again := site.browser().open(link)
	b.fill("New password", "short").press("Set password").wantError(422).wantHeading("Set a new password")
	b.fill("New password", newPassword).press("Set password").wantHeading("Sign in").wantText("Sign in with your new password")
	again.fill("New password", password).press("Set password").wantHeading("Reset your password").wantText("That link has expired or was already used")
	site.browser().open(link).wantHeading("Reset your password").wantText("That link has expired or was already used")
	b.signInWith(ann, newPassword).wantHeading("Account")

	link = site.invite(bob)
	site.browser().open(link).wantHeading("Set a new password")
	site.browser().open("/forgot-password").fill("Email address", bob).press("Continue").
		fill("Code", site.lastCode(bob)).press("Verify").fill("New password", newPassword).press("Set password")
	site.browser().open(link).wantHeading("Reset your password") // the password is set

	link = site.invite(carol)
	site.wait(auth.InvitationLifetime - time.Millisecond)
	site.browser().open(link).wantHeading("Set a new password")
	site.wait(time.Millisecond)
	site.browser().open(link).wantHeading("Reset your password")
}

// linkTo returns the link in the last mail to an address.
func (site *testSite) linkTo(email string) string {
	site.t.Helper()
	link := invitationLink.FindString(lastBody(site.messages(email)))
	if link == "" {
		site.t.Fatalf("%s was not invited", email)
	}
	return link
}

// OP-16: an invitation works once, for seven days, for its email address only, also with
// sign-up closed. A withdrawn or replaced one is invalid, also for a user who has begun to accept it.
func TestInvitations(t *testing.T) {
	site := newSite(t)
	site.restart(func(p *auth.Policy) { p.SignUpOpen, p.SignUpDomains = false, []string{"acme.example"} })
	if err := site.rules.AddAccount(t.Context(), auth.Operator{}, ann); err != nil {
		t.Fatal(err)
	}
	admin := site.browser().open(site.linkTo(ann)).fill("New password", password).press("Set password").signInWith(ann, password)
	admin.addTOTP()
	if _, err := site.rules.ChangeRole(t.Context(), site.accountID(ann), auth.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	admin.open("/admin/people").follow("Invite").wantHeading("Invitations").wantText("There are no invitations")

	admin.fill("Email addresses", "Bob@example.org\r\nnobody\r\n\r\n"+ann).press("Invite").wantError(422).
		wantText("Line 2, nobody: not an email address").wantText("Line 4, " + ann + ": there is already an account")
	if typed := admin.page.Find("textarea").Text(); typed != "Bob@example.org\nnobody\n\n"+ann || len(site.messages("Bob@example.org")) > 0 {
		t.Errorf("after a refused list: %q, %d mails", typed, len(site.messages("Bob@example.org")))
	}
	admin.fill("Email addresses", "Bob@example.org\r\n bob@example.org \r\n"+carol).pressTwice("Invite").wantText("Invitation sent").wantText("By " + ann).wantText("Not opened")
	if n := len(site.messages("Bob@example.org")); n != 1 {
		t.Errorf("%d mails", n)
	}

	link := site.linkTo("Bob@example.org")
	if site.browser().fetch("GET", "/sign-up", nil).status != 404 {
		t.Error("sign-up is open")
	}
	site.browser().open(link).wantHeading("Sign up") // a mail program looks at it
	admin.open(link).wantHeading("Account").wantText("Sign out to accept the invitation").open("/admin/invitations").wantText("Opened")
	b := site.browser().open(link).fill("Password", "short").press("Continue").wantError(422).fill("Password", password)
	_, form := b.form(b.button("Continue"))
	form.Set("email", "mallory@example.org")
	b.load("POST", link, form).wantHeading("Verify your email").wantText("Bob@example.org")
	b.press("Start over").wantHeading("Sign up")
	first := site.linkTo(carol)
	begun := site.browser().open(first).fill("Password", password).press("Continue").wantHeading("Verify your email")
	begun.open(link).wantHeading("Sign up").wantText("Bob@example.org") // of another invitation
	site.wait(time.Minute)
	other := site.browser().open(link).fill("Password", newPassword).press("Continue").wantHeading("Verify your email")
	code := site.lastCode("Bob@example.org")
	site.wait(time.Minute)
	b.open(link).fill("Password", password).press("Continue").wantHeading("Verify your email")
	b.fill("Code", site.lastCode("Bob@example.org")).pressTwice("Verify").wantHeading("Account").wantText("Bob@example.org").wantNoText("expired")
	other.fill("Code", code).press("Verify").wantHeading("Reset your password").wantText("That link has expired or was already used")
	site.browser().open(link).wantHeading("Reset your password")
	admin.open("/admin/invitations").wantNoText("Bob@example.org").open("/admin/audit").wantText("Invitation sent to bob@example.org")

	begun = site.browser().open(first).fill("Password", password).press("Continue").wantHeading("Verify your email")
	site.wait(time.Minute)
	mails := len(site.messages(carol))
	admin.open("/admin/invitations").pressTwice("Send again")
	if n := len(site.messages(carol)) - mails; n != 1 {
		t.Errorf("%d mails are sent again", n)
	}
	site.browser().open(first).wantHeading("Reset your password")
	begun.press("Send a new code").wantHeading("Reset your password")
	second := site.linkTo(carol)
	site.wait(time.Minute)
	begun = site.browser().open(second).fill("Password", password).press("Continue").wantHeading("Verify your email")
	code = site.lastCode(carol)
	admin.press("Withdraw").wantText("Invitation withdrawn").wantText("There are no invitations")
	begun.fill("Code", code).press("Verify").wantHeading("Reset your password")
	site.browser().open(second).wantHeading("Reset your password")
	if n := site.queryInt(`SELECT count(*) FROM users WHERE email_key = ?`, carol); n != 0 {
		t.Error("a withdrawn invitation was accepted")
	}

	path, form := admin.fill("Email addresses", carol).form(admin.button("Invite"))
	mails = len(site.messages(carol))
	var end sync.WaitGroup
	for range 20 {
		end.Go(func() { admin.post(path, form) })
	}
	end.Wait()
	if n := len(site.messages(carol)) - mails; n != 1 {
		t.Errorf("twenty posts of a form send %d mails", n)
	}
	link = site.linkTo(carol)
	site.wait(auth.InvitationLifetime - time.Millisecond)
	site.browser().open(link).wantHeading("Sign up")
	site.wait(time.Millisecond)
	site.browser().open(link).wantHeading("Reset your password")
	site.browser().open("/invitation?token=").wantHeading("Reset your password")
}

// Only an admin invites and withdraws, support sends again, a viewer sees masked addresses
// (OP-03, OP-09). With an old second factor the list is kept until it is verified again.
func TestInvitations_Roles(t *testing.T) {
	site := newSite(t)
	b, key := site.administrator(ann, auth.RoleAdmin)
	invite := func() { b.open("/admin/invitations").fill("Email addresses", bob+"\r\n"+carol).press("Invite") }
	site.wait(11 * time.Minute)
	invite()
	b.wantHeading("Verification required").reauthenticate(key).wantHeading("Invitations")
	if typed := b.page.Find("textarea").Text(); typed != bob+"\n"+carol || len(site.messages(bob)) > 0 {
		t.Errorf("after re-authentication: %q", typed)
	}
	invite()
	site.exec(`DELETE FROM rate_limits`)
	id := b.button("Withdraw").AttrOr("value", "")[len("withdraw:"):]
	mails := func() int { return len(site.messages(bob)) + len(site.messages(carol)) }
	for _, role := range []auth.Role{auth.RoleViewer, auth.RoleSupport, auth.RoleAdmin} {
		may := map[string]bool{"again:" + id: role >= auth.RoleSupport, "invite": role == auth.RoleAdmin}
		if _, err := site.rules.ChangeRole(t.Context(), site.accountID(ann), role); err != nil {
			t.Fatal(err)
		}
		b.open("/admin/invitations").wantHeading("Invitations")
		if shown := b.has("Invite"); shown != (role == auth.RoleAdmin) || b.has("Send again") != (role >= auth.RoleSupport) || b.has("Withdraw") != (role == auth.RoleAdmin) {
			t.Errorf("%s sees the wrong buttons", role)
		}
		if masked := !strings.Contains(b.text(), bob); masked != (role == auth.RoleViewer) {
			t.Errorf("%s: masked %v", role, masked)
		}
		token := b.open("/account").formToken()
		for _, action := range []string{"again:" + id, "invite", "withdraw:" + id} {
			if action == "withdraw:"+id && role == auth.RoleAdmin {
				continue
			}
			before := mails()
			status := b.fetch("POST", "/admin/invitations", url.Values{"token": {token}, "action": {action}, "emails": {"dan@example.org"}}).status
			if want := map[bool]int{true: 303, false: 404}[may[action]]; status != want || !may[action] && mails() != before {
				t.Errorf("%s as %s: %d, want %d", action, role, status, want)
			}
		}
	}
	if n := site.queryInt(`SELECT count(*) FROM invitations`); n != 3 {
		t.Errorf("%d invitations", n)
	}
	status := b.fetch("POST", "/admin/invitations", url.Values{"token": {b.open("/account").formToken()}, "action": {"withdraw:no-such-invitation"}}).status
	if status != 303 || site.queryInt(`SELECT count(*) FROM invitations`) != 3 {
		t.Errorf("an unknown invitation: %d", status)
	}
	site.wait(2 * auth.RepeatWindow)
	b.open("/account").open("/admin/invitations").press("Send again").wantText("Invitation sent")
	for range 3 {
		site.wait(2 * auth.RepeatWindow)
		b.press("Send again")
	}
	b.wantError(429).wantText("You can send another invitation")
}
