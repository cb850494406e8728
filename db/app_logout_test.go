package db

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// logouts claims the messages to an app, and returns the sessions that they name: each by
// its id, and "all" for all sessions of the account.
func (db testDB) logouts(t *testing.T, app string, now time.Time) (sessions []string) {
	t.Helper()
	for _, m := range db.claimAll(t, auth.AppChannel(app), now, now.Add(time.Hour)) {
		if m.Kind != auth.MessageLogout || m.To != app || m.User != "ann" || !m.ExpiresAt.Equal(m.At.Add(auth.MessageRetention)) {
			t.Errorf("the message is %+v", m)
		}
		session := string(m.Session)
		if session == "" {
			session = "all"
		}
		sessions = append(sessions, session)
	}
	slices.Sort(sessions)
	return sessions
}

// addApps adds an account with three sessions, another account, an app with a back channel
// and one without.
func (db testDB) addApps(t *testing.T) {
	t.Helper()
	db.addAnn(t)
	db.apply(t, "ann", session("ann", "s2"), session("ann", "s3"))
	db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
	silent := app("a2")
	silent.BackchannelURI = ""
	db.addApp(t, app("a1"))
	db.addApp(t, silent)
}

// OI-50: every way in which a session ends queues one message for each app that it has
// signed in to, in the same transaction, and none for other sessions and apps. Several
// grants of one app, used, unused or ended, are one sign-in.
func TestSessionEnd_NotifiesApps(t *testing.T) {
	one, both := []string{"s1"}, []string{"s1", "s2"}
	later := noon.Add(30 * 24 * time.Hour)
	for name, row := range map[string]struct {
		end  func(t *testing.T, db testDB)
		want []string
	}{
		"sign-out": {func(t *testing.T, db testDB) { must(t, db.RemoveSession(t.Context(), "token of s1", noon)) }, one},
		"sign-out twice": {func(t *testing.T, db testDB) {
			must(t, db.RemoveSession(t.Context(), "token of s1", noon))
			must(t, db.RemoveSession(t.Context(), "token of s1", noon))
		}, one},
		"sign-out at an app": {func(t *testing.T, db testDB) { must(t, db.SignOutSession(t.Context(), "ann", "s1", noon)) }, one},
		"another device": {func(t *testing.T, db testDB) {
			removed, err := db.RemoveSessionOf(t.Context(), "ann", "s1", set("ann"))
			wantTrue(t, removed, err)
		}, one},
		"another account's device": {func(t *testing.T, db testDB) {
			removed, err := db.RemoveSessionOf(t.Context(), "bob", "s1", set("bob"))
			wantFalse(t, removed, err)
		}, nil},
		"other devices":   {func(t *testing.T, db testDB) { db.apply(t, "ann", auth.EndSessions{Except: "s2"}) }, one},
		"all devices":     {func(t *testing.T, db testDB) { db.apply(t, "ann", auth.EndSessions{}) }, both},
		"account deleted": {func(t *testing.T, db testDB) { _, err := db.RemoveUser(t.Context(), "ann", set("ann")); must(t, err) }, both},
		"undone": {func(t *testing.T, db testDB) {
			wantNotFound(t, db.Apply(t.Context(), set("ann", auth.EndSessions{}, auth.RemoveGroup{})))
		}, nil},
		"re-authentication":        {func(t *testing.T, db testDB) { db.apply(t, "ann", auth.RenewSession{Session: "s1", TokenHash: "new"}) }, nil},
		"refresh token used twice": {func(t *testing.T, db testDB) { must(t, db.EndGrant(t.Context(), "a1", "g1", noon)) }, nil},
		"expired": {func(t *testing.T, db testDB) {
			_, err := db.RemoveExpired(t.Context(), later, cutoffs(later))
			must(t, err)
		}, both},
		"past lifetime": {func(t *testing.T, db testDB) {
			_, err := db.RemoveExpired(t.Context(), noon, auth.Cutoffs{SessionsStarted: noon.Add(time.Millisecond)})
			must(t, err)
		}, both},
		"access ended": {func(t *testing.T, db testDB) { must(t, db.Disconnect(t.Context(), "ann", "a1", set("ann"))) }, both},
		"access ended, then the sessions": {func(t *testing.T, db testDB) {
			must(t, db.Disconnect(t.Context(), "ann", "a1", set("ann")))
			db.apply(t, "ann", auth.EndSessions{})
		}, both},
		"grants ended and swept, then the sessions": {func(t *testing.T, db testDB) {
			for _, id := range []string{"g1", "g2"} {
				must(t, db.EndGrant(t.Context(), "a1", id, noon))
			}
			_, err := db.RemoveExpired(t.Context(), noon.Add(time.Hour), auth.Cutoffs{})
			must(t, err)
			db.apply(t, "ann", auth.EndSessions{})
		}, both},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, db testDB) {
				db.addApps(t)
				db.addGrant(t, grant("g1", "ann", "s1", noon))
				db.addGrant(t, grant("unused", "ann", "s1", noon))
				db.addGrant(t, grant("g2", "ann", "s2", noon))
				elsewhere := grant("g3", "ann", "s3", noon)
				elsewhere.App = "a2"
				db.addGrant(t, elsewhere)
				for _, id := range []string{"g1", "g2"} {
					used, err := db.SpendCode(t.Context(), "ann", useOf(id), open, oidc.RefreshToken{}, set("ann"))
					wantTrue(t, used == oidc.Used, err)
				}
				row.end(t, db)
				now := noon
				if name == "expired" {
					now = later
				}
				if got := db.logouts(t, "a1", now); !slices.Equal(got, row.want) {
					t.Errorf("a1 is notified of %q, want %q", got, row.want)
				}
				if got := db.logouts(t, "a2", now); got != nil {
					t.Errorf("an app without a back channel is notified of %q", got)
				}
			})
		})
	}
}

// An app with a grant that has outlived its session is notified that all sessions have ended,
// but only if they have: another session may continue.
func TestSessionEnd_OfflineGrants(t *testing.T) {
	for name, row := range map[string]struct {
		end  func(t *testing.T, db testDB)
		want []string
	}{
		"other devices":   {func(t *testing.T, db testDB) { db.apply(t, "ann", auth.EndSessions{Except: "s2"}) }, nil},
		"all devices":     {func(t *testing.T, db testDB) { db.apply(t, "ann", auth.EndSessions{}) }, []string{"all"}},
		"account deleted": {func(t *testing.T, db testDB) { _, err := db.RemoveUser(t.Context(), "ann", set("ann")); must(t, err) }, []string{"all"}},
		"access ended":    {func(t *testing.T, db testDB) { must(t, db.Disconnect(t.Context(), "ann", "a1", set("ann"))) }, []string{"all"}},
		"revoked before": {func(t *testing.T, db testDB) {
			must(t, db.EndGrant(t.Context(), "a1", "g1", noon))
			db.apply(t, "ann", auth.EndSessions{})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, db testDB) {
				db.addApps(t)
				offline := grant("g1", "ann", "s1", noon)
				offline.Offline = true
				db.addGrant(t, offline)
				must(t, db.RemoveSession(t.Context(), "token of s1", noon))
				if got := db.logouts(t, "a1", noon); !slices.Equal(got, []string{"s1"}) {
					t.Errorf("at sign-out: %q", got)
				}
				row.end(t, db)
				if got := db.logouts(t, "a1", noon); !slices.Equal(got, row.want) {
					t.Errorf("notified of %q, want %q", got, row.want)
				}
			})
		})
	}
}

// A code that is issued while its session ends is either refused, or its app is notified.
func TestSessionEnd_RaceWithCode(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		for round := range 8 {
			id := auth.SessionID(fmt.Sprint("round", round))
			if round == 0 {
				db.addApps(t)
			}
			db.apply(t, "ann", session("ann", id))
			g := grant("grant of "+string(id), "ann", id, noon)
			db.addRequest(t, request("request of "+g.ID, noon))
			var issued bool
			var failed error
			done := make(chan struct{})
			go func() {
				defer close(done)
				issued, failed = issueCode(t.Context(), db.Store, "request of "+g.ID, g)
			}()
			must(t, db.RemoveSession(t.Context(), "token of "+string(id), noon))
			<-done
			must(t, failed)
			if got := db.logouts(t, "a1", noon); (len(got) == 1) != issued {
				t.Errorf("round %d: issued %v, notified of %q", round, issued, got)
			}
		}
	})
}

// FindLogoutApps finds the apps that messages are due for. Those of a removed app are
// removed.
func TestFindLogoutApps(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addApps(t)
		db.addApp(t, app("a3"))
		wantApps := func(now time.Time, want ...string) {
			t.Helper()
			got, err := db.FindLogoutApps(t.Context(), now, now.Add(time.Hour))
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("got %q, %v; want %q", got, err, want)
			}
		}
		wantApps(noon)
		for i, id := range []string{"a1", "a3"} {
			g := grant("grant of "+id, "ann", auth.SessionID(fmt.Sprint("s", i+1)), noon)
			g.App = id
			db.addGrant(t, g)
		}
		must(t, db.RemoveSession(t.Context(), "token of s1", noon))
		wantApps(noon, "a1")
		db.apply(t, "ann", auth.EndSessions{})
		wantApps(noon, "a1", "a3")
		messages := db.claimAll(t, auth.AppChannel("a1"), noon, noon.Add(time.Minute))
		if len(messages) != 1 {
			t.Fatalf("%d messages", len(messages))
		}
		wantApps(noon, "a3")
		wantApps(noon.Add(-2*time.Hour), "a1", "a3") // a clock was wrong
		wantApps(noon.Add(time.Minute), "a1", "a3")
		spent, err := db.SpendMessage(t.Context(), messages[0].ID, noon)
		wantTrue(t, spent, err)
		removed, err := db.RemoveApp(t.Context(), "a3", set(""))
		wantTrue(t, removed, err)
		if waiting, _, _, err := db.CountMessages(t.Context()); err != nil || waiting != 0 {
			t.Errorf("%d messages wait, %v", waiting, err)
		}
	})
}
