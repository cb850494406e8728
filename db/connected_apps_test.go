package db

import (
	"slices"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// Each app is listed with its own last use, and with the sessions that have a grant. Access
// of one app ends without that of another.
func TestDisconnect(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addApps(t)
		db.addApp(t, app("a3"))
		for i, id := range []string{"a1", "a3"} {
			g := grant("grant of "+id, "ann", auth.SessionID([]string{"s1", "s2"}[i]), noon.Add(time.Duration(i)*time.Second))
			g.App, g.Offline = id, true
			db.addGrant(t, g, oidc.ScopeOpenID)
			use := useOf(g.ID)
			use.App = id
			_, err := db.SpendCode(t.Context(), "ann", use, open, refreshToken("token of "+id, noon), auth.ChangeSet{User: "ann", At: g.CreatedAt})
			must(t, err)
		}
		connected := func() (ids []string) {
			t.Helper()
			apps, err := db.FindConnectedApps(t.Context(), "ann", open)
			must(t, err)
			for _, a := range apps {
				ids = append(ids, a.ID)
				if want := map[string]time.Time{"a1": noon, "a3": noon.Add(time.Second)}[a.ID]; !a.UsedAt.Equal(want) {
					t.Errorf("%s was used at %s, want %s", a.ID, a.UsedAt, want)
				}
			}
			return ids
		}
		if got := connected(); !slices.Equal(got, []string{"a1", "a3"}) {
			t.Errorf("connected apps: %q", got)
		}
		must(t, db.RemoveSession(t.Context(), "token of s1", noon))
		names, err := db.FindSessionApps(t.Context(), "ann", open)
		if err != nil || len(names) != 1 || len(names["s2"]) != 1 {
			t.Errorf("apps of sessions: %q, %v", names, err)
		}
		db.logouts(t, "a1", noon)
		must(t, db.Disconnect(t.Context(), "ann", "a1", set("ann")))
		db.wantActive(t, "grant of a1", false)
		db.wantActive(t, "grant of a3", true)
		if got := db.logouts(t, "a3", noon); len(got) > 0 {
			t.Errorf("another app is notified of %q", got)
		}
		wantNotFound(t, db.Disconnect(t.Context(), "ann", "a1", reusedEvent("ann", "again")))
		if n := db.count(t, `SELECT count(*) FROM audit_events`); n != 0 {
			t.Errorf("disconnected twice: %d events", n)
		}
		if got := connected(); !slices.Equal(got, []string{"a3"}) {
			t.Errorf("connected apps: %q", got)
		}
	})
}
