package views

import (
	"strings"
	"testing"

	"twostep/auth"
)

// TestHappened_EveryWhat: all that can happen has a sentence of its own.
func TestHappened_EveryWhat(t *testing.T) {
	said := map[string]auth.EventType{}
	for _, what := range auth.EventTypes {
		if _, known := happenings[what]; !known {
			t.Errorf("%s has no words", what)
		}
		text := happened(auth.Event{Type: what, Factor: auth.TOTPCode, Number: "+14155554242", Email: "new@example.com", Left: 6})
		if placeholder.MatchString(text) || strings.Contains(text, "FACTOR") || strings.Contains(text, string(what)) || strings.Contains(text, "415555") || !strings.HasSuffix(text, ".") {
			t.Errorf("%s: %q", what, text)
		}
		if other, taken := said[text]; taken {
			t.Errorf("%s and %s say the same", what, other)
		}
		said[text] = what
	}
	if len(happenings) != len(auth.EventTypes) {
		t.Errorf("%d sentences for %d events", len(happenings), len(auth.EventTypes))
	}
}

func TestHappened_NamesWhatItIsAbout(t *testing.T) {
	tests := []struct {
		event auth.Event
		want  string
	}{
		{auth.Event{Type: auth.SignedIn, Factor: auth.Password}, "Signed in with the password."},
		{auth.Event{Type: auth.SignedIn, Factor: auth.BackupCode}, "Signed in with a backup code."},
		{auth.Event{Type: auth.Reauthenticated, Factor: auth.PhoneCode}, "Verified again with the SMS code."},
		{auth.Event{Type: auth.SecondFactorFailed, Factor: auth.TOTPCode}, "Right password, then a wrong try at the authentication app. Not signed in."},
		{auth.Event{Type: auth.PhoneAdded, Number: "+14155554242"}, "Phone number •••• 4242 added."},
		{auth.Event{Type: auth.EmailChanged, Email: "new@example.com"}, "Email address changed to new@example.com."},
		{auth.Event{Type: auth.BackupCodeUsed, Left: 1}, "Backup code used, 1 backup code left."},
		{auth.Event{Type: auth.BackupCodeUsed}, "Backup code used, 0 backup codes left."},
		{auth.Event{Type: auth.SignedIn, Factor: "of_tomorrow"}, "Signed in with another factor."},
		{auth.Event{Type: "of_tomorrow"}, "Something happened that this page has no words for."},
	}
	for _, test := range tests {
		if got := happened(test.event); got != test.want {
			t.Errorf("%v: %q, want %q", test.event, got, test.want)
		}
	}
}
