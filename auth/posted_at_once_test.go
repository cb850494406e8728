package auth_test

import (
	"context"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db"
)

// An overlapping store calls a function before or after it begins an attempt.
type overlapping struct {
	*db.Store
	before, after func()
}

func (s *overlapping) AllowAttempt(ctx context.Context, limits []auth.RateLimit, changes auth.ChangeSet) (int, auth.Count, error) {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
	refused, count, err := s.Store.AllowAttempt(ctx, limits, changes)
	if after := s.after; after != nil {
		s.after = nil
		after()
	}
	return refused, count, err
}

// TestPostedAtOnce: a form that asks for a mailed code and is posted a second time while
// the first post is carried out leads to the same attempt, and one mail (RL-08).
func TestPostedAtOnce(t *testing.T) {
	const ann, bob = "ann@example.com", "bob@example.com"
	for name, post := range map[string]func(f *flow, c auth.Client) (auth.Result, error){
		"sign-up":                    func(f *flow, c auth.Client) (auth.Result, error) { return f.SignUp(f.ctx, c, bob, flowPassword, "") },
		"sign-up of a taken address": func(f *flow, c auth.Client) (auth.Result, error) { return f.SignUp(f.ctx, c, ann, flowPassword, "") },
		"reset":                      func(f *flow, c auth.Client) (auth.Result, error) { return f.ForgotPassword(f.ctx, c, ann, "") },
		"reset without account":      func(f *flow, c auth.Client) (auth.Result, error) { return f.ForgotPassword(f.ctx, c, bob, "") },
	} {
		for _, when := range []string{"before", "after"} {
			f := newFlow(t)
			f.signUp(ann)
			f.now = f.now.Add(time.Hour)
			f.deliver()
			client := f.client()
			client.FormToken = auth.NewToken()
			var second auth.Result
			var secondErr error
			store := &overlapping{Store: f.db}
			meanwhile := func() { second, secondErr = post(f, client) }
			if when == "before" {
				store.before = meanwhile
			} else {
				store.after = meanwhile
			}
			f.use(store)
			first, err := post(f, client)
			if err != nil || secondErr != nil {
				t.Errorf("%s, second post %s the first has begun: %v, %v", name, when, err, secondErr)
				continue
			}
			if first.Attempt == "" || first.Attempt.Hash() != second.Attempt.Hash() {
				t.Errorf("%s, second post %s the first has begun: another attempt", name, when)
			}
			queued := 0
			_, _, err = f.Deliver(f.ctx, auth.ByEmail, func(context.Context, auth.Message) error { queued++; return nil })
			f.must(err)
			want := 1
			if name == "reset without account" {
				want = 0
			}
			if queued != want {
				t.Errorf("%s: %d mails, want %d", name, queued, want)
			}
		}
	}
}
