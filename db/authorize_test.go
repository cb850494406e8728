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
		wantNotFound(t, db.AddRequest(ctx, request("q1", noon)))
		db.addApp(t, app("a1"))
		want, age := request("q1", noon), 60
		want.Params.MaxAge, want.Params.State, want.Params.PromptLogin = &age, "a state", true
		must(t, db.AddRequest(ctx, want))
		got, err := db.FindRequest(ctx, "q1")
		wantEqual(t, got, want, err)
		for _, first := range []bool{true, false} {
			spent, err := db.SpendStepUp(ctx, "q1", noon)
			if must(t, err); spent != first {
				t.Errorf("step-up: %v", spent)
			}
		}
		spent, err := db.SpendRequest(ctx, "q1", nil, oidc.Code{}, nil, auth.ChangeSet{At: want.ExpiresAt})
		wantFalse(t, spent, err)
		spent, err = db.SpendRequest(ctx, "q1", nil, oidc.Code{}, nil, auth.ChangeSet{At: noon})
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
		must(t, db.AddRequest(ctx, pushed))
		_, err := db.FindRequest(ctx, "q1")
		wantNotFound(t, err)
		spent, err := db.SpendRequest(ctx, "q1", nil, oidc.Code{}, nil, auth.ChangeSet{At: noon})
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
	})
}

// A request yields one code, however often the user presses Continue.
func TestSpendRequest_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.addApp(t, app("a1"))
		must(t, db.AddRequest(t.Context(), request("q1", noon)))
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			id := fmt.Sprint("g", i)
			return s.SpendRequest(ctx, "q1", grant(id, "ann", "s1", noon), codeOf(id, noon), nil, set("ann"))
		})
		if n := db.count(t, `SELECT count(*) FROM app_grants`); n != 1 {
			t.Errorf("%d grants", n)
		}
	})
}

// No code is issued for a session that has ended, or is another account's.
func TestSpendRequest_EndedSession(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		db.apply(t, "bob", auth.AddUser{User: user("bob"), CreatedAt: noon})
		db.addApp(t, app("a1"))
		must(t, db.AddRequest(t.Context(), request("q1", noon)))
		spent, err := db.SpendRequest(t.Context(), "q1", grant("g1", "bob", "s1", noon), codeOf("g1", noon), nil, set("bob"))
		wantFalse(t, spent, err)
		must(t, db.RemoveSession(t.Context(), "token of s1", noon))
		spent, err = db.SpendRequest(t.Context(), "q1", grant("g1", "ann", "s1", noon), codeOf("g1", noon), nil, set("ann"))
		wantFalse(t, spent, err)
		if r, err := db.FindRequest(t.Context(), "q1"); err != nil || r.Done {
			t.Errorf("request is %+v, %v", r, err)
		}
	})
}
