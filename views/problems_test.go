package views

import (
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// shownProblem returns the text that a page shows for a problem.
func shownProblem(t *testing.T, p auth.Problem) string {
	t.Helper()
	page := render(t, SignIn(SignInPage{Page: refusedWith(signedIn("/"), p)}))
	return strings.Join(strings.Fields(parse(t, page).Find("[role=alert]").Text()), " ")
}

// punctuated reports whether a text is a single sentence without a full stop or
// several with one each.
func punctuated(text string) bool {
	return strings.HasSuffix(text, ".") == strings.Contains(text, ". ")
}

// TestProblemText_EveryReason checks that each reason has a text of its own.
func TestProblemText_EveryReason(t *testing.T) {
	seen := map[string]auth.Reason{}
	for _, reason := range auth.Reasons {
		if _, ok := sentences[reason]; !ok {
			t.Errorf("%s has no sentence", reason)
		}
		text := shownProblem(t, auth.Problem{Reason: reason, Limit: 15})
		if strings.Contains(text, "LIMIT") || strings.Contains(text, "EMAIL") || strings.Contains(text, "WAIT") || strings.Contains(text, "_") || !punctuated(text) {
			t.Errorf("%s: %q", reason, text)
		}
		if other, ok := seen[text]; ok && text != passkeyUnknown {
			t.Errorf("%s and %s have the same text", reason, other)
		}
		seen[text] = reason
	}
	if len(sentences) != len(auth.Reasons) {
		t.Errorf("%d sentences for %d reasons", len(sentences), len(auth.Reasons))
	}
}

func TestProblemText_FillsIn(t *testing.T) {
	tests := []struct {
		problem auth.Problem
		want    string
	}{
		{auth.Problem{Reason: auth.TooManyAttempts, Wait: 4 * time.Minute}, "Too many attempts. Try again in 4 minutes."},
		{auth.Problem{Reason: auth.TooManyAttempts}, "Too many attempts. Try again later."},
		{auth.Problem{Reason: auth.TooManyCodes, Wait: 29 * time.Second}, "You can ask for another code in 29 seconds. This page will refresh automatically."},
		{auth.Problem{Reason: auth.TooManyCodes, Wait: time.Hour}, "You can ask for another code in 1 hour"},
		{auth.Problem{Reason: auth.SMSBudgetExhausted, Wait: time.Hour}, "We cannot send text messages right now. Use another method. Try again in 1 hour."},
		{auth.Problem{Reason: auth.PasswordShort, Limit: 15}, "Password must be 15 characters or more"},
		{auth.Problem{Reason: auth.TOTPWrong}, "That code is incorrect. Enter the code your app shows now."},
		{auth.Problem{Reason: auth.TOTPWrong, Repeat: true}, "That code is incorrect. Enter the code your app shows now. If it keeps failing, turn on automatic time on your phone."},
		{auth.Problem{Reason: auth.ConfirmationWrong}, "Enter ann@example.com to confirm"},
		{auth.Problem{Reason: "unknown"}, "Something went wrong. Try again."},
	}
	for _, test := range tests {
		if got := shownProblem(t, test.problem); got != test.want {
			t.Errorf("%v: %q, want %q", test.problem, got, test.want)
		}
	}
}

// TestProblemText_InvalidCredentials checks that the text does not say whether the
// email address or the password was wrong (FF-03).
func TestProblemText_InvalidCredentials(t *testing.T) {
	if text := shownProblem(t, auth.Problem{Reason: auth.InvalidCredentials}); !strings.Contains(text, "Email address or password") {
		t.Errorf("%q", text)
	}
}

// TestPages_ProblemOnce checks that a page says a problem once: at the field that it is about,
// which has the focus and which the summary links to by its label, or in the summary (AX-04).
func TestPages_ProblemOnce(t *testing.T) {
	atFields := 0
	for _, s := range samples() {
		doc := parse(t, render(t, s.page))
		alert, wrong := doc.Find("[role=alert]:not([hidden])"), doc.Find(".field-error:not([hidden])")
		if alert.Length() == 0 {
			continue
		}
		if wrong.Length() == 0 {
			if alert.Find("a").Length() > 0 {
				t.Errorf("%s: the summary links to a field that says nothing", s.name)
			}
			continue
		}
		atFields++
		text := strings.TrimSpace(wrong.First().Text())
		if wrong.Length() != 1 || strings.Count(doc.Find("main").Text(), text) != 1 {
			t.Errorf("%s: %q is not said once", s.name, text)
		}
		x := doc.Find("[autofocus]")
		label := doc.Find("label[for=" + x.AttrOr("id", "none") + "]").Text()
		if x.AttrOr("aria-invalid", "") != "true" || alert.Find("a").Text() != label || alert.Find("a").AttrOr("href", "") != "#"+x.AttrOr("id", "") {
			t.Errorf("%s: the focus is in %q, the summary says %q", s.name, label, alert.Text())
		}
	}
	if atFields < 8 {
		t.Errorf("only %d pages have a problem at a field", atFields)
	}
}
