package views

import "testing"

func TestNotice_Texts(t *testing.T) {
	if got := NoticeSignInFirst.text(); got != "You must be signed in to access this page" {
		t.Errorf("%q", got)
	}
	if got := NoticePasswordReset.text(); got != "Password changed. Sign in with your new password." {
		t.Errorf("%q", got)
	}
	if got := NoticeTimedOut.text(); got != "You were signed out because you were not active" {
		t.Errorf("%q", got)
	}
	if got := NoticePhoneReserved("+14155554242").text(); got != "You will get sign-in codes on •••• 4242" {
		t.Errorf("%q", got)
	}
	seen := map[string]Notice{"": ""}
	for notice, text := range notices {
		if other, ok := seen[text]; ok {
			t.Errorf("%s and %s have the same text", notice, other)
		}
		if !punctuated(text) {
			t.Errorf("%s: %q", notice, text)
		}
		seen[text] = notice
	}
	if got := Notice("<b>forged</b>").text(); got != "" {
		t.Errorf("an unknown notice has the text %q", got)
	}
}
