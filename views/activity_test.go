package views

import (
	"strings"
	"testing"

	"twostep/auth"
)

// TestEventText_EveryEventType checks that each type has a text of its own.
func TestEventText_EveryEventType(t *testing.T) {
	seen := map[string]auth.EventType{}
	for _, typ := range auth.EventTypes {
		if _, ok := eventTexts[typ]; !ok {
			t.Errorf("%s has no text", typ)
		}
		text := eventText(auth.Event{Type: typ, Factor: auth.TOTPCode, Phone: "+14155554242", Email: "new@example.com", Name: "Team wiki", BackupCodesLeft: 6})
		if placeholder.MatchString(text) || strings.Contains(text, "FACTOR") || strings.Contains(text, string(typ)) || strings.Contains(text, "415555") || !punctuated(text) {
			t.Errorf("%s: %q", typ, text)
		}
		if other, ok := seen[text]; ok {
			t.Errorf("%s and %s have the same text", typ, other)
		}
		seen[text] = typ
	}
	if len(eventTexts) != len(auth.EventTypes) {
		t.Errorf("%d texts for %d event types", len(eventTexts), len(auth.EventTypes))
	}
}

func TestEventText_FillsIn(t *testing.T) {
	tests := []struct {
		event auth.Event
		want  string
	}{
		{auth.Event{Type: auth.SignedIn, Factor: auth.Password}, "Signed in (password)"},
		{auth.Event{Type: auth.SignedIn, Factor: auth.BackupCode}, "Signed in (backup code)"},
		{auth.Event{Type: auth.Reauthenticated, Factor: auth.PhoneCode}, "Verified again (SMS code)"},
		{auth.Event{Type: auth.SecondFactorFailed, Factor: auth.TOTPCode}, "Correct password but wrong code (authenticator app), not signed in"},
		{auth.Event{Type: auth.PhoneAdded, Phone: "+14155554242"}, "Phone number •••• 4242 added"},
		{auth.Event{Type: auth.EmailChanged, Email: "new@example.com"}, "Email address changed to new@example.com"},
		{auth.Event{Type: auth.BackupCodeUsed, BackupCodesLeft: 1}, "Backup code used, 1 left"},
		{auth.Event{Type: auth.BackupCodeUsed}, "Backup code used, 0 left"},
		{auth.Event{Type: auth.SignedIn, Factor: "future"}, "Signed in (another method)"},
		{auth.Event{Type: "future"}, "Unknown event"},
	}
	for _, test := range tests {
		if got := eventText(test.event); got != test.want {
			t.Errorf("%v: %q, want %q", test.event, got, test.want)
		}
	}
}
