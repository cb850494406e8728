package views

import "testing"

func TestNotice_Sentences(t *testing.T) {
	if got := NoticeSignInFirst.text(); got != "You must be signed in to access this page" {
		t.Errorf("%q", got)
	}
	if got := NoticePasswordReset.text(); got != "Your password was set. Sign in with it." {
		t.Errorf("%q", got)
	}
	if got := NoticeTimedOut.text(); got != "You were signed out because nothing was done for a while. Sign in again to go on." {
		t.Errorf("%q", got)
	}
	said := map[string]Notice{"": ""}
	for notice, text := range notices {
		if other, taken := said[text]; taken {
			t.Errorf("%s and %s say the same", notice, other)
		}
		said[text] = notice
	}
	if got := Notice("<b>forged</b>").text(); got != "" {
		t.Errorf("an unknown notice says %q", got)
	}
}
