package handlers_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"twostep/auth"
)

const dave = "dave@example.org"

// act posts the form of an act by hand.
func (b *browser) act(path, action string) *browser {
	b.t.Helper()
	return b.fetch("POST", path, url.Values{"token": {b.open("/account").formToken()}, "action": {action}, "reason": {"by hand"}})
}

// waiting is the URL of the only request that waits for approval.
func (site *testSite) waiting() string {
	site.t.Helper()
	all, err := site.rules.Approvals(context.Background(), "")
	if err != nil || len(all) != 1 {
		site.t.Fatalf("%d requests: %v", len(all), err)
	}
	return "/admin/approvals/" + all[0].ID
}

// OP-08: with --admin-approval one admin requests and another approves, once. The
// requester cannot, in no session. What is not approved has changed nothing.
func TestApproval(t *testing.T) {
	site := newSite(t)
	site.restart(func(p *auth.Policy) { p.AdminApproval = true })
	anns, key := site.administrator(ann, auth.RoleAdmin)
	daves, _ := site.administrator(dave, auth.RoleAdmin)
	support, _ := site.administrator(carol, auth.RoleSupport)
	bobs := site.browser().signUp(bob)
	bobs.addTOTP()
	person := site.person(bob)
	before := len(site.messages(bob))

	anns.open(person).follow("Reset MFA").wantText("Another admin has to approve this").fill("Reason", "Lost phone").press("Request approval").wantHeading(bob).wantText("Requested.").wantText("Waiting for approval")
	page := site.waiting()
	anns.open(person + "/reset-mfa").wantHeading("Waiting for approval").wantText("Lost phone").button("Withdraw")
	other := site.browser().signIn(ann).enterCode(site.totpCode(key))
	for name, b := range map[string]*browser{"the requester": anns, "another session of theirs": other} {
		if b.open(page).has("Approve") {
			t.Errorf("%s is offered to approve", name)
		}
		if status := b.act(page, "approve").status; status != 404 {
			t.Errorf("%s: %d", name, status)
		}
	}
	for _, action := range []string{"approve", "refuse"} {
		if status := support.act(page, action).status; status != 404 {
			t.Errorf("support may %s: %d", action, status)
		}
	}
	support.open("/admin").wantNoText("Waiting for approval").open(person).wantNoText("Waiting for approval")
	if status := anns.act(person+"/reset-mfa", "reset-mfa").status; status != 303 || site.waiting() != page { // leads to the request
		t.Errorf("requested again: %d", status)
	}
	bobs.open("/account/activity").wantText("Reset MFA requested by a site administrator")
	if n := len(site.messages(bob)) - before; n != 0 {
		t.Errorf("%d mails before the approval", n)
	}

	form := daves.open("/admin").wantText("Waiting for approval").follow("Reset MFA: " + bob).wantText(ann).wantText("Lost phone").wantText("Find out who is asking first")
	twice := form.clone()
	form.press("Approve").wantHeading(bob).wantText("Done").wantText("No second factor").wantText("By " + dave).wantText("By " + ann)
	twice.press("Approve").wantHeading("Overview").wantText("approved, refused or withdrawn")
	bobs.open("/account").wantHeading("Sign in")
	if n := len(site.messages(bob)) - before; n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
	if n := site.queryInt(`SELECT count(*) FROM audit_events WHERE type = 'operator_reset_mfa' AND reason = 'Lost phone'`); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	bobs.signIn(bob).wantHeading("Account")

	// One factor, and the account.
	bobs.addTOTP()
	daves.open(person+"/remove-factor/totp").fill("Reason", "Stolen").press("Request approval").wantText("Requested.")
	anns.open(site.waiting()).wantText("Authenticator app").press("Refuse").wantHeading(bob).wantText("Nothing was done").wantText("Request refused by another")
	daves.open(person+"/remove-factor/totp").fill("Reason", "Stolen").press("Request approval").wantText("Requested.")
	anns.open(site.waiting()).press("Approve").wantHeading(bob).wantText("No second factor")
	anns.open(person+"/delete").fill("Reason", "Asked").press("Request approval").wantText("Requested.")
	anns.open(site.waiting()).press("Withdraw").wantHeading(bob).wantText("Request withdrawn")
	anns.open(person+"/delete").fill("Reason", "Asked").press("Request approval").wantText("Requested.")
	daves.open(site.waiting()).press("Approve").wantHeading("People").wantText("Done").wantNoText(bob)
}

// OP-08: a request expires after 24 hours, and ends with the role of its requester.
func TestApproval_Ends(t *testing.T) {
	site := newSite(t)
	site.restart(func(p *auth.Policy) { p.AdminApproval = true })
	anns, _ := site.administrator(ann, auth.RoleAdmin)
	daves, key := site.administrator(dave, auth.RoleAdmin)
	site.browser().signUp(bob)
	remove := site.person(bob) + "/delete"
	role := func(role auth.Role) {
		t.Helper()
		if _, err := site.rules.ChangeRole(t.Context(), site.accountID(ann), role); err != nil {
			t.Fatal(err)
		}
	}
	anns.open(remove).fill("Reason", "Asked").press("Request approval").wantText("Requested.")
	page := site.waiting()
	form := daves.open(page)
	role(auth.RoleSupport)
	form.press("Approve").wantHeading("Overview").wantText("or has expired")
	if status := anns.act(page, "approve").status; status != 404 {
		t.Errorf("the requester without the role: %d", status)
	}
	role(auth.RoleAdmin)
	site.wait(auth.ApprovalLifetime)
	daves = site.browser().signIn(dave).enterCode(site.totpCode(key)).wantHeading("Account")
	if status := daves.fetch("GET", page, nil).status; status != 404 {
		t.Errorf("the page of an expired request: %d", status)
	}
	daves.act(page, "approve")
	if site.queryInt(`SELECT count(*) FROM users WHERE email_key = $1`, bob) != 1 {
		t.Error("the account was deleted")
	}
	daves.open("/admin").wantNoText("Waiting for approval").open(remove).button("Request approval")
}

// OP-08: what takes away the factors or the account of somebody with a role always needs
// two others. Without a third admin the page names the command, which needs no approval.
func TestApproval_Roles(t *testing.T) {
	site := newSite(t)
	anns, _ := site.administrator(ann, auth.RoleAdmin)
	site.administrator(carol, auth.RoleSupport)
	for _, act := range []string{"reset-mfa", "remove-factor/totp", "delete"} {
		page := site.person(carol) + "/" + act
		anns.open(page).wantText("There is no other admin").wantText("twostep user")
		name, _, _ := strings.Cut(act, "/")
		if anns.has("Request approval") || anns.act(page, name).status != 422 {
			t.Errorf("%s is offered without an approver", act)
		}
	}
	anns.open(site.person(carol)+"/sign-out").fill("Reason", "Stolen laptop").press("Sign out everywhere").wantText("Done") // takes nothing away

	daves, _ := site.administrator(dave, auth.RoleAdmin)
	anns.open(site.person(dave) + "/reset-mfa").wantText("There is no other admin") // dave himself does not count
	if changed, err := site.rules.ChangeRole(t.Context(), site.accountID(carol), auth.RoleAdmin); !changed {
		t.Fatal(err)
	}
	anns.open(site.person(dave)+"/delete").fill("Reason", "Left").press("Request approval").wantText("Requested.")
	page := site.waiting()
	if daves.open(page).wantText("your own account").has("Refuse") {
		t.Error("dave may decide about his own account")
	}
	for _, action := range []string{"approve", "refuse", "withdraw"} {
		if status := daves.act(page, action).status; status != 404 {
			t.Errorf("dave may %s: %d", action, status)
		}
	}
	site.browser().signUp(bob)
	anns.open(site.person(bob)+"/delete").fill("Reason", "Asked").press("Delete account").wantHeading("People").wantText("Done") // no role, no flag
	if done, err := site.operate(auth.Delete, dave); !done || err != nil {
		t.Errorf("the command: %v, %v", done, err)
	}
	if n := site.queryInt(`SELECT count(*) FROM approvals`); n != 0 {
		t.Errorf("%d requests about an account that no longer exists", n)
	}
}
