package handlers_test

import (
	"strings"
	"testing"
	"time"
)

// TestSignUp: the account exists once the mailed code is proved, and not before (FF-05).
func TestSignUp(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.open("/sign-up").sees("Sign up")
	b.fill("Email address", ann).fill("Password", password).press("Continue").sees("Verify your email").reads(ann)

	stranger := w.browser().firstStep(ann).refused(422).sees("Sign in")
	stranger.fill("Email address", ann) // kept
	if got := stranger.field("Email address").AttrOr("value", ""); got != ann {
		t.Errorf("the address typed is gone: %q", got)
	}

	b.open("/sign-up").sees("Verify your email") // a reload shows the same step
	b.fill("Code", "000000").press("Verify").refused(422).sees("Verify your email")
	b.fill("Code", "").press("Verify").refused(422)
	code := w.code(ann)
	b.fill("Code", code[:3]+" "+code[3:]).press("Verify").sees("Account").reads(ann)
	if b.url.Path != "/account" {
		t.Errorf("leads to %s", b.url)
	}
	w.browser().firstStep(ann).sees("Account")
}

// TestSignUp_Refusals: each field of the form wrong once, and what was typed stays (PW-01, PW-09, AX-04).
func TestSignUp_Refusals(t *testing.T) {
	w := newWorld(t)
	b := w.browser().open("/sign-up")
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
		b.fill("Email address", row.email).fill("Password", row.password).press("Continue").refused(422).sees("Sign up")
		field := b.field(row.field)
		if field.AttrOr("aria-invalid", "") != "true" {
			t.Errorf("%q %q: %s is not marked", row.email, row.password, row.field)
		}
		if b.field("Password").AttrOr("value", "") != "" || row.password != "" && strings.Contains(b.body, row.password) && row.password != ann {
			t.Errorf("%q: the password comes back", row.password)
		}
		if strings.Contains(b.body, "<script>alert") {
			t.Errorf("%q is not escaped", row.email)
		}
	}
	if got := w.letters(ann); len(got) != 0 {
		t.Errorf("%d letters after refusals", len(got))
	}
}

// TestSignUp_TakenAddress: the visitor sees what everybody sees, its owner
// gets a mail, and no code opens anything (FF-03).
func TestSignUp_TakenAddress(t *testing.T) {
	w := newWorld(t)
	w.browser().signUp(ann)
	before := len(w.letters(ann))
	w.wait(time.Minute)

	b := w.browser().open("/sign-up")
	b.fill("Email address", "ANN@EXAMPLE.ORG").fill("Password", "another fine sentence").press("Continue").sees("Verify your email")
	free := w.browser().open("/sign-up")
	free.fill("Email address", "bob@example.org").fill("Password", "another fine sentence").press("Continue").sees("Verify your email")
	if a, z := strings.ReplaceAll(b.text(), "ANN@EXAMPLE.ORG", "…"), strings.ReplaceAll(free.text(), "bob@example.org", "…"); a != z {
		t.Errorf("a taken address differs:\n%s\n%s", a, z)
	}
	got := w.letters("ANN@EXAMPLE.ORG")
	if len(w.letters(ann)) != before || len(got) != 1 || sixDigits.MatchString(got[0].body) {
		t.Fatalf("the owner got %+v", got)
	}
	b.fill("Code", w.code("bob@example.org")).press("Verify").refused(422)
	w.browser().firstStep(ann).sees("Account") // with the old password
}

// TestSignUp_Code: bound to the browser that asked (SM-05), replaced by a new
// one (SM-06), dead after five tries and after ten minutes (SM-04).
func TestSignUp_Code(t *testing.T) {
	w := newWorld(t)
	b, other := w.browser().open("/sign-up"), w.browser().open("/sign-up")
	b.fill("Email address", ann).fill("Password", password).press("Continue")
	first := w.code(ann)
	b.press("Send a new code").refused(429) // too soon
	if b.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.wait(31 * time.Second)
	other.fill("Email address", ann).fill("Password", password).press("Continue").sees("Verify your email")
	other.fill("Code", first).press("Verify").refused(422)

	w.wait(31 * time.Second)
	b.press("Send a new code").sees("Verify your email").reads("We sent a new code")
	second := w.code(ann)
	if first != second {
		b.fill("Code", first).press("Verify").refused(422)
	}
	w.wait(10*time.Minute + time.Millisecond)
	b.fill("Code", second).press("Verify").refused(422).sees("Verify your email")

	b.press("Send a new code").sees("Verify your email")
	third := w.code(ann)
	wrong := "000000"
	if third == wrong {
		wrong = "000001"
	}
	for range 5 {
		b.fill("Code", wrong).press("Verify")
		w.wait(time.Minute)
	}
	b.fill("Code", third).press("Verify")
	if b.status != 422 && b.status != 429 {
		t.Fatalf("a sixth try: %d", b.status)
	}
	b.press("Start over").sees("Sign up")
	b.open("/sign-up").sees("Sign up")
}

// TestSignUp_Twice: of two browsers that prove one address, one makes the
// account, and the other is told (FF-06).
func TestSignUp_Twice(t *testing.T) {
	w := newWorld(t)
	a, b := w.browser().open("/sign-up"), w.browser().open("/sign-up")
	a.fill("Email address", ann).fill("Password", password).press("Continue")
	first := w.code(ann)
	w.wait(time.Minute)
	b.fill("Email address", "Ann@Example.org").fill("Password", password).press("Continue")
	second := w.code("Ann@Example.org")
	a.fill("Code", first).press("Verify").sees("Account")
	b.fill("Code", second).press("Verify").refused(422)
}
