package db

import (
	"context"
	"fmt"
	"testing"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
)

// A request is read until it is swept, so that the page can say that it has expired.
func TestRequest(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		ctx := t.Context()
		_, _, err := db.AddRequest(ctx, request("q1", noon), nil)
		wantNotFound(t, err)
		db.addApp(t, app("a1"))
		want, age := request("q1", noon), 60
		want.Params.MaxAge, want.Params.State, want.Params.PromptLogin = &age, "a state", true
		db.addRequest(t, want)
		got, err := db.FindRequest(ctx, "q1")
		wantEqual(t, got, want, err)
		for _, first := range []bool{true, false} {
			spent, err := db.SpendStepUp(ctx, "q1", noon)
			if must(t, err); spent != first {
				t.Errorf("step-up: %v", spent)
			}
		}
		spent, err := db.SpendRequest(ctx, "q1", want.ExpiresAt)
		wantFalse(t, spent, err)
		spent, err = db.SpendRequest(ctx, "q1", noon)
		wantTrue(t, spent, err)
		if got, err := db.FindRequest(ctx, "q1"); err != nil || !got.Done || !got.SteppedUpAt.Equal(noon) {
			t.Errorf("request is %+v, %v", got, err)
		}
	})
}

// OI-51: a pushed request is used once, within a minute, by its app.
func TestSpendPushedRequest_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		ctx := t.Context()
		db.addApp(t, app("a1"))
		pushed := request("q1", noon)
		pushed.Pushed, pushed.ExpiresAt = true, noon.Add(auth.AppPushedLifetime)
		db.addRequest(t, pushed)
		_, err := db.FindRequest(ctx, "q1")
		wantNotFound(t, err)
		spent, err := db.SpendRequest(ctx, "q1", noon)
		wantFalse(t, spent, err)
		spent, err = db.SpendPushedRequest(ctx, "a2", "q1", request("q2", noon))
		wantFalse(t, spent, err)
		spent, err = db.SpendPushedRequest(ctx, "a1", "q1", request("q2", pushed.ExpiresAt))
		wantFalse(t, spent, err)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return s.SpendPushedRequest(ctx, "a1", "q1", request(fmt.Sprint("next ", i), noon))
		})
		if n := db.count(t, `SELECT count(*) FROM app_requests WHERE pushed = 0 AND expires_at > $1`, noon.Add(5*time.Minute).UnixMilli()); n != 1 {
			t.Errorf("%d requests", n)
		}
		db.addRequest(t, request("not pushed", noon))
		spent, err = db.SpendPushedRequest(ctx, "a1", "not pushed", request("q2", noon))
		wantFalse(t, spent, err)
		spent, err = db.SpendRequest(ctx, "not pushed", noon)
		wantTrue(t, spent, err)
	})
}

// A request yields one code, however often the user presses Continue.
func TestIssueCode_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.addApp(t, app("a1"))
		db.addRequest(t, request("q1", noon))
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			id := fmt.Sprint("g", i)
			return issueCode(ctx, s, "q1", grant(id, "ann", "s1", noon))
		})
		if n := db.count(t, `SELECT count(*) FROM app_grants`); n != 1 {
			t.Errorf("%d grants", n)
		}
	})
}

// No code is issued for a session that has ended, or is that of another or a disabled account.
func TestIssueCode_EndedSession(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
		db.addApp(t, app("a1"))
		db.addRequest(t, request("q1", noon))
		for _, id := range []string{"q1", ""} {
			issued, err := issueCode(t.Context(), db.Store, id, grant("g1", "bob", "s1", noon))
			wantFalse(t, issued, err)
		}
		db.exec(t, `UPDATE users SET disabled_at = 1 WHERE id = 'ann'`)
		issued, err := issueCode(t.Context(), db.Store, "", grant("g1", "ann", "s1", noon))
		wantFalse(t, issued, err)
		db.exec(t, `UPDATE users SET disabled_at = NULL WHERE id = 'ann'`)
		must(t, db.RemoveSession(t.Context(), "token of s1", noon))
		for _, id := range []string{"q1", ""} {
			issued, err := issueCode(t.Context(), db.Store, id, grant("g1", "ann", "s1", noon))
			wantFalse(t, issued, err)
		}
		if r, err := db.FindRequest(t.Context(), "q1"); err != nil || r.Done {
			t.Errorf("request is %+v, %v", r, err)
		}
	})
}

// OI-52: requests and codes are counted with the write that adds them: never more than a
// limit allows, and none of those that are refused.
func TestIssueCode_Limits(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.addApp(t, app("a1"))
		limits := []auth.RateLimit{{Key: "limited", Limiter: auth.Window{Max: 5, Per: time.Minute}}}
		issued := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			g := grant(fmt.Sprint("g", i), "ann", "s1", noon)
			refused, _, err := s.IssueCode(ctx, limits, oidc.Issue{Grant: *g, Code: codeOf(g.ID, noon), Changes: set("ann")})
			return refused < 0, err
		})
		limits[0].Key = "another"
		added := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			refused, _, err := s.AddRequest(ctx, request(fmt.Sprint("q", i), noon), limits)
			return refused < 0, err
		})
		for name, n := range map[string]int{
			"issued": issued, "grants": db.count(t, `SELECT count(*) FROM app_grants`), "codes": db.count(t, `SELECT count(*) FROM app_codes`),
			"added": added, "requests": db.count(t, `SELECT count(*) FROM app_requests`),
		} {
			if n != 5 {
				t.Errorf("%s: %d, want 5", name, n)
			}
		}
	})
}
