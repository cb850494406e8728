package auth_test

import (
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// TestParseName: names of all scripts are accepted and normalised. What is invisible or
// changes how others are displayed is refused: other apps show names next to their own text.
func TestParseName(t *testing.T) {
	for _, row := range []struct {
		typed, want string
		reason      auth.Reason
	}{
		{"", "", ""},
		{"  \t ", "", ""},
		{" Ann \n Example ", "Ann Example", ""},
		{"Ann\u00a0Example", "Ann Example", ""},
		{"Zoe\u0308 O'Brien-Núñez, 3rd", "Zoë O'Brien-Núñez, 3rd", ""},
		{"李小龍", "李小龍", ""},
		{"علی\u200cرضا", "علی\u200cرضا", ""}, // with a joiner that changes nothing
		{"क्\u200dष", "क्\u200dष", ""},
		{"Ann ❤️ 👩\u200d🚀", "Ann ❤️ 👩\u200d🚀", ""},
		{strings.Repeat("é", auth.NameMax), strings.Repeat("é", auth.NameMax), ""},
		{strings.Repeat("é", auth.NameMax+1), "", auth.NameLong},
		{"Ann\x00", "", auth.NameInvalid},
		{"Ann\xff", "", auth.NameInvalid},
		{"Ann\x1b[2J", "", auth.NameInvalid},
		{"Ann\u202eelpmaxE", "", auth.NameInvalid}, // right-to-left override
		{"Ann\u2066Example\u2069", "", auth.NameInvalid},
		{"Ann\u200fExample", "", auth.NameInvalid},
		{"Ann\u200b", "", auth.NameInvalid},
		{"Ann\ufeff", "", auth.NameInvalid},
		{"Ann\u2028Example", "Ann Example", ""},
		{"Ann\U000e0041", "", auth.NameInvalid},
		{"\u3164", "", auth.NameInvalid}, // a letter that is invisible
		{"\u200d", "", auth.NameInvalid},
		{"...", "", auth.NameInvalid},
		{"Ann\ue000", "", auth.NameInvalid},
		{"Ann\ufffd", "", auth.NameInvalid},
		{"Ann\xff", "", auth.NameInvalid},
	} {
		name, err := auth.ParseName(row.typed)
		if name != row.want || asProblem(err).Reason != row.reason {
			t.Errorf("%q is %q, %v, want %q, %q", row.typed, name, err, row.want, row.reason)
		}
	}
}

// TestChangeName: the name is the account's, in all sessions, with an event for each change.
func TestChangeName(t *testing.T) {
	f := newFlow(t)
	const ann = "ann@example.com"
	session, client := f.signUp(ann)
	other := f.signIn(client, ann)
	for _, name := range []string{"Ann Example", "Ann Example", "", ""} {
		f.now = f.now.Add(time.Second)
		f.must(f.ChangeName(f.ctx, client, session, name))
		if session = f.reload(session); session.Name != name || f.reload(other).Name != name {
			t.Errorf("name %q, want %q", session.Name, name)
		}
	}
	f.problem(f.ChangeName(f.ctx, client, session, "..."), auth.NameInvalid)
	events, _, err := f.Activity(f.ctx, session.User, "")
	f.must(err)
	if changes := ofType(events, auth.NameChanged); changes != 2 {
		t.Errorf("%d events, want 2: the name was changed twice", changes)
	}
	if f.count(ann, auth.MessageKind(auth.NameChanged)) > 0 {
		t.Error("a notice was sent")
	}
	account, err := f.Account(f.ctx, ann)
	f.must(err)
	if user, err := f.db.FindUser(f.ctx, account.ID); err != nil || !user.UpdatedAt.Equal(f.now.Add(-time.Second)) {
		t.Errorf("updated at %v, %v", user.UpdatedAt, err)
	}
}

func ofType(events []auth.Event, typ auth.EventType) (n int) {
	for _, e := range events {
		if e.Type == typ {
			n++
		}
	}
	return n
}
