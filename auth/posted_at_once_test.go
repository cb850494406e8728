package auth_test

import (
	"context"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db"
)

// An overlapping store calls a function before or after it begins an attempt, or before
// it reads a code.
type overlapping struct {
	*db.Store
	before, after func()
}

func (s *overlapping) AllowAttempt(ctx context.Context, limits []auth.RateLimit, changes auth.ChangeSet) (int, auth.Count, error) {
	s.begin()
	refused, count, err := s.Store.AllowAttempt(ctx, limits, changes)
	if after := s.after; after != nil {
		s.after = nil
		after()
	}
	return refused, count, err
}

func (s *overlapping) AllowSentCodeAttempt(ctx context.Context, holder string, attempts int) (auth.SentCode, error) {
	s.begin()
	return s.Store.AllowSentCodeAttempt(ctx, holder, attempts)
}

func (s *overlapping) begin() {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
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

// TestPostedAtOnce_Code: a mailed code that is posted a second time while the first post
// is carried out is accepted both times if its attempt does not end.
func TestPostedAtOnce_Code(t *testing.T) {
	const ann = "ann@example.com"
	f := newFlow(t)
	_, client := f.signUp(ann)
	f.now = f.now.Add(time.Hour)
	token := f.forgot(client, ann)
	code := f.code(ann)
	post := func() error {
		_, err := f.Verify(f.ctx, client, token, code, false)
		return err
	}
	f.use(&overlapping{Store: f.db, before: func() { f.must(post()) }})
	f.must(post())
	f.now = f.now.Add(auth.RepeatWindow)
	f.problem(post(), auth.FormExpired)
}
