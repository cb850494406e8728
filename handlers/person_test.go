package handlers_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"twostep/auth"
)

// person is the page of an account.
func (site *testSite) person(email string) string {
	return "/admin/people/" + string(site.accountID(email))
}

// An administrator signs one device out and removes one factor. For the owner it is as if
// they had removed it: a mail, the end of every session and, with the last factor, of the
// backup codes (RV-06, RC-10). An act on a target that no longer exists does nothing.
func TestPerson_OneThing(t *testing.T) {
	site := newSite(t)
	b, _ := site.administrator(ann, auth.RoleAdmin)
	bobs := site.browser().signUp(bob)
	bobs.addTOTP()
	bobs.addPhone(number).press("Use for MFA")
	stays := bobs.clone()
	person := site.person(bob)

	b.open(person).wantText("Authenticator app").wantText("+1 415 555 2671").wantText("10 backup codes left")
	b.follow("Sign out").wantHeading("Sign out one session").fill("Reason", "Lost laptop").press("Sign out one session").wantHeading(bob).wantText("Done").wantText("Not signed in on any device").wantText("Device signed out by a site administrator")
	stays.open("/account").wantHeading("Sign in")
	if mails := site.messages(bob); !strings.Contains(lastBody(mails), "on one device") {
		t.Errorf("the owner was not notified: %q", lastBody(mails))
	}

	form := b.open(person+"/remove-factor/totp").wantHeading("Remove one factor").fill("Reason", "Lost phone")
	twice := form.clone()
	form.press("Remove one factor").wantHeading(bob).wantText("Done").wantText("Authenticator app removed").wantText("10 backup codes left")
	twice.press("Remove one factor").wantHeading(bob).wantText("There was nothing to do")
	if n := site.queryInt(`SELECT count(*) FROM audit_events WHERE type = 'totp_removed'`); n != 1 {
		t.Errorf("%d events", n)
	}
	if mail := lastBody(site.messages(bob)); !strings.Contains(mail, "authenticator app was removed") || !strings.Contains(mail, "by the site administrator.") || strings.Contains(mail, "If this was you") {
		t.Errorf("the mail does not say that an administrator removed the factor: %q", mail)
	}
	bobs.signIn(bob).wantHeading("Verify your account").enterCode(site.lastCode(number)).wantHeading("Account")
	bobs.open("/account/activity").wantText("Authenticator app removed").wantText("By a site administrator")

	site.restart(func(p *auth.Policy) { p.RequireMFA = true })
	b.open(person).follow("Remove").wantHeading("Remove one factor").fill("Reason", "Lost phone").press("Remove one factor").wantError(422).wantText("Reset MFA instead")
	site.restart()
	b.press("Remove one factor").wantHeading(bob).wantText("No second factor")
	bobs.open("/account").wantHeading("Sign in")
	if codes := site.queryInt(`SELECT count(*) FROM backup_codes WHERE user_id = '` + string(site.accountID(bob)) + `'`); codes != 0 {
		t.Errorf("%d backup codes are left", codes)
	}
	for _, target := range []string{"remove-factor/totp", "remove-factor/sms:", "remove-factor/", "sign-out-session/x", "sign-out-session/" + site.sessionOf(ann), "no-such-act"} {
		if status := b.fetch("GET", person+"/"+target, nil).status; status != 404 {
			t.Errorf("%s: %d", target, status)
		}
	}
	if b.open("/account").page.Heading() != "Account" {
		t.Error("the administrator was signed out by another account's page")
	}
}

// sessionOf returns the id of a session of an account.
func (site *testSite) sessionOf(email string) string {
	site.t.Helper()
	account, err := site.rules.AccountOf(context.Background(), site.accountID(email))
	if err != nil || len(account.OpenSessions) == 0 {
		site.t.Fatal(err)
	}
	return string(account.OpenSessions[0].ID)
}

// OP-09: what a viewer sees of an account has no whole phone number, nor the name that
// its owner has typed for a passkey. The audit log is paged.
func TestPerson_Viewer(t *testing.T) {
	site := newSite(t)
	b, _ := site.administrator(ann, auth.RoleViewer)
	bobs := site.browser().signUp(bob)
	bobs.addTOTP()
	bobs.addPhone(number)
	person := site.person(bob)
	for range auth.ActivityPage {
		if _, err := site.operate(auth.SignOutEverywhere, bob); err != nil {
			t.Fatal(err)
		}
	}
	pages := b.open(person).text()
	if !slices.Contains(strings.Fields(pages), "••••") || strings.Contains(pages, "555 2671") || strings.Contains(pages, bob) {
		t.Errorf("the page is %s", pages)
	}
	if b.has("Sign out one session") || b.page.Find(`a[href*="remove-factor"]`).Length() > 0 {
		t.Error("a viewer is offered acts")
	}
	b.wantNoText("Account created").follow("Older").wantHeading("b•••@example.org").wantText("Account created")
}
