package handlers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"twostep/auth"
)

// The overview has the numbers that were counted last, each chart with a text and a table,
// and says if nothing is counted yet. Its policy is that of every page (OP-12).
func TestAdmin_Overview(t *testing.T) {
	site := newSite(t)
	admin, _ := site.administrator(ann, auth.RoleViewer)
	site.browser().signUp(bob)
	admin.open("/admin").wantHeading("Overview").wantText("They have not been counted yet").wantText("Ready").wantText("Version v1.2.3")

	if err := site.rules.CountDays(context.Background()); err != nil {
		t.Fatal(err)
	}
	admin.open("/admin").wantText("Authenticator app 1 (50 %)").wantText("None 1 (50 %)").wantNoText("They have not been counted yet")
	if admin.header.Get("Content-Security-Policy") != admin.fetch("GET", "/account/activity", nil).header.Get("Content-Security-Policy") {
		t.Error("the page has a policy of its own")
	}
	charts := admin.page.Find("figure.chart")
	if charts.Length() != 4 {
		t.Fatalf("%d charts", charts.Length())
	}
	newAccounts := charts.Last()
	label, _ := newAccounts.Find("svg").Attr("aria-label")
	day := site.now.UTC().Format("2 January")
	if want := "New accounts: 2 on " + day + ", at most 2 on " + day; label != want {
		t.Errorf("the chart is %q, want %q", label, want)
	}
	if rows := newAccounts.Find("tbody tr"); rows.Length() != 30 || !strings.Contains(rows.Last().Text(), "2") {
		t.Errorf("the table has %d rows, and last %q", rows.Length(), rows.Last().Text())
	}
	if bars := newAccounts.Find("rect[height='100']"); bars.Length() != 1 {
		t.Errorf("%d bars of full height", bars.Length())
	}
	site.wait(30 * time.Minute)
	admin.open("/admin").wantHeading("Overview") // still within the hour
}
