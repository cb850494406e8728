package handlers_test

import (
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// An account exists once the emailed code is verified, not before (FF-05).
func TestSignUp(t *testing.T) {
	site := newSite(t)
	b := site.browser()
	b.open("/sign-up").wantHeading("Sign up")
	b.enterCredentials(ann, password).wantHeading("Verify your email").wantText(ann)

	other := site.browser().signIn(ann).wantError(422).wantHeading("Sign in")
	if got := other.field("Email address").AttrOr("value", ""); got != ann {
		t.Errorf("email address %q after a refusal, want it kept", got)
	}

	b.open("/sign-up").wantHeading("Verify your email") // a reload shows the same step
	b.enterCode("000000").wantError(422).wantHeading("Verify your email")
	b.enterCode("").wantError(422)
	code := site.lastCode(ann)
	b.enterCode(code[:3] + " " + code[3:]).wantHeading("Account").wantText(ann)
	if b.url.Path != "/account" {
		t.Errorf("redirected to %s", b.url)
	}
	site.browser().signIn(ann).wantHeading("Account")
}

// Each invalid field is marked, and no page contains the password (PW-01, PW-09, AX-04).
func TestSignUp_InvalidFields(t *testing.T) {
	site := newSite(t)
	b := site.browser().open("/sign-up")
	for _, row := range []struct{ email, password, field string }{
		{"", password, "Email address"},
		{"ann", password, "Email address"},
		{"ann@example.org\r\nBcc: x@example.org", password, "Email address"},
		{"<script>alert(1)</script>@example.org", password, "Email address"},
		{strings.Repeat("a", 400) + "@example.org", password, "Email address"},
		{ann, "", "Password"},
		{ann, "fourteen chars", "Password"},
		{ann, strings.Repeat("long words ", 30), "Password"},
		{ann, "passwordpassword", "Password"},
		{ann, "ann@example.org", "Password"},
	} {
		b.enterCredentials(row.email, row.password).wantError(422).wantHeading("Sign up")
		field := b.field(row.field)
		if field.AttrOr("aria-invalid", "") != "true" {
			t.Errorf("%q %q: %s is not marked as invalid", row.email, row.password, row.field)
		}
		if b.field("Password").AttrOr("value", "") != "" || row.password != "" && strings.Contains(b.body, row.password) && row.password != ann {
			t.Errorf("%q: the page contains the password", row.password)
		}
		if strings.Contains(b.body, "<script>alert") {
			t.Errorf("%q is not escaped", row.email)
		}
	}
	if got := site.messages(ann); len(got) != 0 {
		t.Errorf("%d messages after refusals", len(got))
	}
}

// For a taken email address the response is the same as for a free one, its owner gets a
// message, and no code is valid (FF-03).
func TestSignUp_TakenEmail(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(ann)
	before := len(site.messages(ann))
	site.wait(time.Minute)

	b := site.browser().open("/sign-up")
	b.enterCredentials("ANN@EXAMPLE.ORG", "another fine sentence").wantHeading("Verify your email")
	free := site.browser().open("/sign-up")
	free.enterCredentials("bob@example.org", "another fine sentence").wantHeading("Verify your email")
	if got, want := strings.ReplaceAll(b.text(), "ANN@EXAMPLE.ORG", "…"), strings.ReplaceAll(free.text(), "bob@example.org", "…"); got != want {
		t.Errorf("the response to a taken email address differs:\n%s\n%s", got, want)
	}
	got := site.messages("ANN@EXAMPLE.ORG")
	if len(site.messages(ann)) != before || len(got) != 1 || sixDigits.MatchString(got[0].body) {
		t.Fatalf("messages to the owner: %+v", got)
	}
	b.enterCode(site.lastCode("bob@example.org")).wantError(422)
	site.browser().signIn(ann).wantHeading("Account") // the password is unchanged
}

// The code is bound to the browser that requested it (SM-05), replaced by a new one (SM-06),
// and invalid after five attempts and after ten minutes (SM-04).
func TestSignUp_Code(t *testing.T) {
	site := newSite(t)
	b, other := site.browser().open("/sign-up"), site.browser().open("/sign-up")
	b.enterCredentials(ann, password)
	first := site.lastCode(ann)
	b.press("Send a new code").wantError(429) // too soon
	if b.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	site.wait(31 * time.Second)
	other.enterCredentials(ann, password).wantHeading("Verify your email")
	other.enterCode(first).wantError(422)

	site.wait(31 * time.Second)
	b.press("Send a new code").wantHeading("Verify your email").wantText("We sent a new code")
	second := site.lastCode(ann)
	if first != second {
		b.enterCode(first).wantError(422)
	}
	site.wait(10*time.Minute + time.Millisecond)
	b.enterCode(second).wantError(422).wantHeading("Verify your email")

	b.press("Send a new code").wantHeading("Verify your email")
	third := site.lastCode(ann)
	wrong := "000000"
	if third == wrong {
		wrong = "000001"
	}
	for range 5 {
		b.enterCode(wrong)
		site.wait(time.Minute)
	}
	b.enterCode(third)
	if b.status != 422 && b.status != 429 {
		t.Fatalf("sixth attempt: %d", b.status)
	}
	b.press("Start over").wantHeading("Sign up")
	b.open("/sign-up").wantHeading("Sign up")
}

// Of two browsers that verify the same email address, one creates the account and the other is
// refused (FF-06).
func TestSignUp_SameEmailTwice(t *testing.T) {
	site := newSite(t)
	a, b := site.browser().open("/sign-up"), site.browser().open("/sign-up")
	a.enterCredentials(ann, password)
	first := site.lastCode(ann)
	site.wait(time.Minute)
	b.enterCredentials("Ann@Example.org", password)
	second := site.lastCode("Ann@Example.org")
	a.enterCode(first).wantHeading("Account")
	b.enterCode(second).wantError(422)
}

// If sign-up is limited to domains, the page says which, and an address of another
// domain is refused in the same way whether it has an account or not (FF-03), at
// each step and at a change of the sign-in address.
func TestSignUp_Domains(t *testing.T) {
	only := func(domains ...string) func(*auth.Policy) {
		return func(p *auth.Policy) { p.SignUpDomains = domains }
	}
	site := newSite(t)
	site.browser().signUp("ann@other.example")
	site.restart(only("acme.example", "xn--bcher-kva.example"))
	b := site.browser().open("/sign-up").wantText("@acme.example or @xn--bcher-kva.example")
	taken := b.enterCredentials("ann@other.example", password).wantError(422).wantHeading("Sign up").text()
	before := len(site.messages("ann@other.example"))
	free := b.open("/sign-up").enterCredentials("bob@other.example", password).wantError(422).text()
	if taken != free {
		t.Errorf("the refusal of a taken email address differs:\n%s\n%s", taken, free)
	}
	for _, refused := range []string{"ann@sub.acme.example", "ann@acme.example.org", "ann@notacme.example", `"ann@acme.example"@other.example`} {
		b.open("/sign-up").enterCredentials(refused, password).wantError(422).wantHeading("Sign up")
	}
	if got := len(site.messages("ann@other.example")); got != before {
		t.Errorf("the owner got %d messages", got-before)
	}

	b.open("/sign-up").enterCredentials("bob@Acme.Example", password).wantHeading("Verify your email")
	site.restart(only("other.example")) // while the sign-up is in progress
	site.wait(time.Minute)
	b.press("Send a new code").wantError(422)
	b.enterCode(site.lastCode("bob@Acme.Example")).wantError(422)
	site.restart(only("acme.example"))
	b.enterCode(site.lastCode("bob@Acme.Example")).wantHeading("Account")

	b.open("/account/email").fill("New email address", "bob@other.example").press("Change email address").wantError(422).wantHeading("Email address")
}
