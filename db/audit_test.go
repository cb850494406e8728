package db

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"twostep/auth"
)

// Every filter of the audit log finds the entries that it should, newest first, with pages
// of any size, also those of deleted accounts and of the site.
func TestFindAudit(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		for _, id := range []auth.UserID{"ann", "bob", "cid"} {
			db.apply(t, id, auth.AddUser{User: user(id), CreatedAt: noon})
		}
		var all []auth.AuditEntry
		for i := range 30 {
			at := noon.Add(time.Duration(i) * time.Minute)
			e := auth.AuditEntry{Event: auth.Event{
				ID: fmt.Sprintf("%013d-x", at.UnixMilli()), At: at, Type: auth.SignedIn, User: []auth.UserID{"ann", "bob", "cid"}[i%3],
				IP: fmt.Sprintf("192.0.2.%d", i*8), Name: fmt.Sprint("event ", i),
			}}
			switch {
			case i%5 == 0:
				e.Type, e.Actor, e.Reason = auth.OperatorDisabled, "ann", "a reason"
			case i%7 == 0:
				e.Type, e.Actor = auth.OperatorEnabled, auth.CommandActor
			case i%11 == 0:
				e.Type, e.User, e.Actor, e.IP = auth.SettingChanged, "", "bob", "2001:db8::1"
			}
			must(t, db.Apply(t.Context(), set(e.User, auth.RecordEvent{Event: e.Event})))
			all = append(all, e)
		}
		removed, err := db.RemoveUser(t.Context(), "cid", set("cid"))
		wantTrue(t, removed, err)
		for i := range all {
			e := &all[i]
			if e.User == "cid" {
				e.IP = ""
			} else if e.User != "" {
				e.UserEmail = user(e.User).Email.Typed
			}
			if e.Actor == "ann" || e.Actor == "bob" {
				e.ActorEmail = user(auth.UserID(e.Actor)).Email.Typed
			}
		}
		for name, c := range map[string]struct {
			query auth.AuditQuery
			want  func(auth.AuditEntry) bool
		}{
			"all":          {auth.AuditQuery{}, func(auth.AuditEntry) bool { return true }},
			"type":         {auth.AuditQuery{Type: auth.OperatorEnabled}, func(e auth.AuditEntry) bool { return e.Type == auth.OperatorEnabled }},
			"account":      {auth.AuditQuery{User: "bob"}, func(e auth.AuditEntry) bool { return e.User == "bob" }},
			"deleted":      {auth.AuditQuery{User: "cid"}, func(e auth.AuditEntry) bool { return e.User == "cid" }},
			"actor":        {auth.AuditQuery{Actor: "ann"}, func(e auth.AuditEntry) bool { return e.Actor == "ann" }},
			"command":      {auth.AuditQuery{Actor: auth.CommandActor}, func(e auth.AuditEntry) bool { return e.Actor == auth.CommandActor }},
			"time":         {auth.AuditQuery{From: noon.Add(5 * time.Minute), Until: noon.Add(9 * time.Minute)}, func(e auth.AuditEntry) bool { return e.At.Sub(noon) >= 5*time.Minute && e.At.Sub(noon) < 9*time.Minute }},
			"network":      {auth.AuditQuery{Network: netip.MustParsePrefix("192.0.2.0/26")}, func(e auth.AuditEntry) bool { return inNetwork(e.IP, netip.MustParsePrefix("192.0.2.0/26")) }},
			"IPv6 network": {auth.AuditQuery{Network: netip.MustParsePrefix("2001:db8::/32")}, func(e auth.AuditEntry) bool { return e.IP == "2001:db8::1" }},
			"several":      {auth.AuditQuery{User: "bob", Actor: "ann", Type: auth.OperatorDisabled}, func(e auth.AuditEntry) bool { return e.User == "bob" && e.Actor == "ann" }},
		} {
			for _, scan := range []int{4, 9, auth.AuditScan} {
				var want, got []auth.AuditEntry
				for _, e := range slices.Backward(all) {
					if c.want(e) {
						want = append(want, e)
					}
				}
				q := c.query
				var page auth.AuditPage
				for pages := 0; ; pages++ {
					more := page.Next != "" && !page.Partial
					var err error
					page, err = db.findAudit(t.Context(), q, 3, scan)
					if must(t, err); more && len(page.Entries) == 0 {
						t.Errorf("%s: a link leads to an empty page", name)
					}
					if got = append(got, page.Entries...); page.Next == "" {
						break
					}
					if q.Before = page.Next; len(page.Entries) > 3 || pages > 50 {
						t.Fatalf("%s: page %d is %+v", name, pages, page)
					}
				}
				if len(want) == 0 || !slices.Equal(got, want) {
					t.Errorf("%s, %d at a time:\n%+v, want\n%+v", name, scan, got, want)
				}
			}
		}
	})
}
