package handlers_test

import (
	"strings"
	"testing"
	"time"
)

// The display name is optional, needs no re-authentication, and appears on the account page
// and in the history.
func TestProfile(t *testing.T) {
	site := newSite(t)
	b := site.browser().signUp(ann)
	site.wait(30 * time.Minute)
	b.open("/account").wantText("Add your name").follow("Profile").wantHeading("Profile")
	b.fill("Name", "  Zoe\u0308  Example ").press("Save").wantHeading("Profile").wantText("Name saved")
	if got := b.field("Name").AttrOr("value", ""); got != "Zoë Example" {
		t.Errorf("name %q", got)
	}
	b.open("/account").wantText("Zoë Example").open("/account/activity").wantText("Name changed")
	for _, bad := range []string{strings.Repeat("x", 65), "Ann\u202eelpmaxE", "!!!"} {
		b.open("/account/profile").fill("Name", bad).press("Save").wantError(422).wantHeading("Profile")
	}
	b.open("/account/profile").fill("Name", "<b>Ann</b>").press("Save").wantHeading("Profile")
	b.open("/account").wantText("<b>Ann</b>")
	b.open("/account/profile").fill("Name", "").press("Save").open("/account").wantText("Add your name")
}
