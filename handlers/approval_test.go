package handlers_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

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
	anns.open(person + "/delete").button("Request approval") // which nobody has requested
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

	form := daves.open("/admin").wantText("Waiting for approval").follow("Reset MFA: " + bob).wantText(ann).wantText("Lost phone").wantText("Verify who is asking first")
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
	bobs.signIn(bob).addTOTP()
	daves.open(person+"/remove-factor/totp").fill("Reason", "Stolen").press("Request approval").wantText("Requested.")
	site.wait(time.Minute)
	key = bobs.open("/account/manage-mfa").press("Replace").totpKey() // by another app, which is not the stolen one
	bobs.press("Verify").enterTOTP(site.totpCode(key)).wantHeading("Success!")
	anns.open(site.waiting()).press("Approve").wantHeading(bob).wantText("There was nothing to do").wantText("Authenticator app")
	daves.open(site.waiting()).press("Withdraw").wantHeading(bob)
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

// OP-08: removing the factors or the account of a user with a role always needs two other
// admins. If there is only one, the page names the command, which needs no approval.
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

// OP-08: with --admin-approval the list of accounts is downloaded once, with the filters
// that were approved, by the admin who has requested it.
func TestDownload_Approval(t *testing.T) {
	site := newSite(t)
	csv := func(b *browser, query string) (status int, rows int) {
		t.Helper()
		response := b.fetchRaw("GET", "/admin/people.csv"+query, nil)
		return response.status, strings.Count(response.body, "\n")
	}
	anns, _ := site.administrator(ann, auth.RoleAdmin)
	anns.open("/admin/people").has("Download CSV")
	if status := anns.fetch("GET", "/admin/people/download", nil).status; status != 404 {
		t.Errorf("without the flag: %d", status)
	}
	site.restart(func(p *auth.Policy) { p.AdminApproval = true })
	anns.open("/admin/people").follow("Download CSV").wantHeading("Download CSV").wantText("There is no other admin").wantText("twostep user list")
	if status := anns.fetch("POST", "/admin/people/download", url.Values{"token": {anns.formToken()}, "action": {"request"}, "reason": {"Yearly report"}}).status; status != 422 {
		t.Errorf("without an approver: %d", status)
	}
	daves, _ := site.administrator(dave, auth.RoleAdmin)
	support, _ := site.administrator(carol, auth.RoleSupport)
	if support.open("/admin/people").has("Download CSV") {
		t.Error("support is offered the download")
	}
	for _, page := range []string{"/admin/people.csv", "/admin/people/download"} {
		if status := support.fetch("GET", page, nil).status; status != 404 {
			t.Errorf("support, %s: %d", page, status)
		}
	}

	anns.open("/admin/people?q=ann%40&order=newest").follow("Download CSV").wantHeading("Download CSV").wantText("Accounts filtered by email address, ID or phone number: ann@")
	anns.press("Request approval").wantError(422)
	anns.fill("Reason", "Yearly report").press("Request approval").wantHeading("People").wantText("Requested.")
	if status, _ := csv(anns, "?q=ann%40&order=newest"); status != 303 {
		t.Errorf("not approved yet: %d", status)
	}
	page := site.waiting()
	anns.open("/admin/people/download?order=newest&q=ann%40").wantHeading("Waiting for approval").button("Withdraw")
	if status := anns.act(page, "approve").status; status != 404 {
		t.Errorf("the requester approves: %d", status)
	}
	daves.open("/admin").follow("Download CSV: Accounts filtered by email address, ID or phone number: ann@").wantText("Yearly report").wantText(ann)
	twice := daves.clone()
	daves.press("Approve").wantHeading("Overview").wantText("Approved.").wantNoText("Waiting for approval")
	twice.press("Approve").wantHeading("Overview").wantText("has expired")

	for _, query := range []string{"", "?q=ann%40", "?q=ann%40&order=newest&state=locked"} {
		if status, _ := csv(anns, query); status != 303 {
			t.Errorf("with other filters, %q: %d", query, status)
		}
	}
	if status, _ := csv(daves, "?q=ann%40&order=newest"); status != 303 {
		t.Errorf("by the approver: %d", status)
	}
	anns.open("/admin").wantText("Approved").follow("Download CSV: Accounts filtered by email address, ID or phone number: ann@").wantText("You can download once")
	link := anns.link("Download CSV").AttrOr("href", "")
	if response := anns.request("HEAD", link, nil, nil); response.StatusCode != 200 {
		t.Errorf("HEAD: %d", response.StatusCode)
	}
	_, query, _ := strings.Cut(link, "?")
	if status, rows := csv(anns, "?"+query); status != 200 || rows != 2 {
		t.Errorf("approved: %d with %d lines", status, rows)
	}
	if status, _ := csv(anns, "?"+query); status != 303 {
		t.Errorf("a second time: %d", status)
	}
	anns.open("/admin/audit").wantText("Download CSV requested").wantText("Request approved by another").wantText("Downloaded: people")

	anns.open("/admin/people/download").fill("Reason", "All of them").press("Request approval").wantText("Requested.")
	daves.open(site.waiting()).press("Approve").wantText("Approved.")
	if _, err := site.rules.ChangeRole(t.Context(), site.accountID(ann), auth.RoleViewer); err != nil {
		t.Fatal(err)
	}
	if status, _ := csv(anns, ""); status != 404 {
		t.Errorf("without the role: %d", status)
	}
}
