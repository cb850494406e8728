package views

import (
	"strings"
	"testing"

	"twostep/auth"
)

// TestHappened_EveryWhat: all that can happen has a sentence of its own.
func TestHappened_EveryWhat(t *testing.T) {
	said := map[string]auth.What{}
	for _, what := range auth.Whats {
		if _, known := happenings[what]; !known {
			t.Errorf("%s has no words", what)
		}
		text := happened(auth.Event{What: what, Kind: auth.TOTPCode, Number: "+14155554242", Email: "new@example.com", Left: 6})
		if placeholder.MatchString(text) || strings.Contains(text, "FACTOR") || strings.Contains(text, string(what)) || strings.Contains(text, "415555") || !strings.HasSuffix(text, ".") {
			t.Errorf("%s: %q", what, text)
		}
		if other, taken := said[text]; taken {
			t.Errorf("%s and %s say the same", what, other)
		}
		said[text] = what
	}
	if len(happenings) != len(auth.Whats) {
		t.Errorf("%d sentences for %d events", len(happenings), len(auth.Whats))
	}
}

func TestHappened_NamesWhatItIsAbout(t *testing.T) {
	tests := []struct {
		event auth.Event
		want  string
	}{
		{auth.Event{What: auth.SignedIn, Kind: auth.Password}, "Signed in with the password."},
		{auth.Event{What: auth.SignedIn, Kind: auth.BackupCode}, "Signed in with a backup code."},
		{auth.Event{What: auth.Reverified, Kind: auth.PhoneCode}, "Verified again with the SMS code."},
		{auth.Event{What: auth.SecondFactorMissed, Kind: auth.TOTPCode}, "Right password, then a wrong try at the authentication app. Not signed in."},
		{auth.Event{What: auth.PhoneAdded, Number: "+14155554242"}, "Phone number •••• 4242 added."},
		{auth.Event{What: auth.EmailChanged, Email: "new@example.com"}, "Email address changed to new@example.com."},
		{auth.Event{What: auth.BackupCodeUsed, Left: 1}, "Backup code used, 1 backup code left."},
		{auth.Event{What: auth.BackupCodeUsed}, "Backup code used, 0 backup codes left."},
		{auth.Event{What: auth.SignedIn, Kind: "of_tomorrow"}, "Signed in with another factor."},
		{auth.Event{What: "of_tomorrow"}, "Something happened that this page has no words for."},
	}
	for _, test := range tests {
		if got := happened(test.event); got != test.want {
			t.Errorf("%v: %q, want %q", test.event, got, test.want)
		}
	}
}
