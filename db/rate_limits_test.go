package db

import (
	"context"
	"testing"
	"time"

	"twostep/auth"
)

// RL-01: racing guesses are allowed as often as guesses one after another.
func TestTake_AsManyAsAllowed(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		allowed := b.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			wide := auth.RateLimit{Key: "wide", Limiter: auth.Window{Max: 20, Per: time.Hour}}
			narrow := auth.RateLimit{Key: "narrow", Limiter: auth.Window{Max: 7, Per: time.Hour}}
			tries := []auth.RateLimit{wide, narrow}
			if i%3 == 0 { // the order in which the caller names them is no matter
				tries = []auth.RateLimit{narrow, wide}
			}
			refused, _, err := s.Allow(ctx, noon, tries)
			return refused < 0, err
		})
		if allowed != 7 {
			t.Errorf("%d tries were allowed, not 7", allowed)
		}
		if n := b.count(t, `SELECT count FROM rate_limits WHERE key = 'wide'`); n != 7 {
			t.Errorf("%d tries were counted under a key that did not refuse, not 7", n)
		}
	})
}

// RL-02: the first refusal in the caller's order is the one told, with when a
// try will be allowed again.
func TestTake_Refusal(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		tries := []auth.RateLimit{
			{Key: "c", Limiter: auth.Window{Max: 5, Per: time.Hour}},
			{Key: "b", Limiter: auth.Window{Max: 1, Per: time.Minute}},
			{Key: "a", Limiter: auth.Window{Max: 1, Per: time.Hour}},
		}
		refused, _, err := b.Allow(t.Context(), noon, tries)
		must(t, err)
		if refused != -1 {
			t.Fatalf("the first try was refused by %d", refused)
		}
		refused, count, err := b.Allow(t.Context(), noon.Add(time.Second), tries)
		must(t, err)
		if refused != 1 || !count.ReadyAt.Equal(noon.Add(time.Minute)) {
			t.Errorf("refused by %d until %v", refused, count.ReadyAt)
		}
		refused, count, err = b.Allow(t.Context(), noon.Add(2*time.Minute), tries)
		must(t, err)
		if refused != 2 || !count.ReadyAt.Equal(noon.Add(time.Hour)) {
			t.Errorf("refused by %d until %v", refused, count.ReadyAt)
		}
		if n := b.count(t, `SELECT count FROM rate_limits WHERE key = 'c'`); n != 1 {
			t.Errorf("%d tries counted, not 1", n)
		}
	})
}

// RL-02, RL-03: waits last through a restart, and a grant clears its own keys alone.
func TestTake_BackoffAndClear(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		brake := auth.Backoff{Free: 1, First: time.Minute, Max: time.Hour, LockAt: 10}
		for _, key := range []string{"ann", "bob"} {
			refused, _, err := b.Allow(t.Context(), noon, []auth.RateLimit{{Key: key, Limiter: brake}})
			must(t, err)
			if refused != -1 {
				t.Fatalf("%s was refused", key)
			}
		}
		must(t, b.Close())
		b.Store = b.again(t)
		b.give(t, "ann", auth.SettleCounts{Reset: []string{"ann", "nobody"}})
		for key, want := range map[string]int{"ann": -1, "bob": 0} {
			refused, _, err := b.Allow(t.Context(), noon.Add(time.Second), []auth.RateLimit{{Key: key, Limiter: brake}})
			must(t, err)
			if refused != want {
				t.Errorf("%s: refused is %d, not %d", key, refused, want)
			}
		}
	})
}

// RL-02, RL-06: by a clock that was set back all that was counted stands, and
// the refusal ends as late after that as it would have by the other one.
func TestTake_ClockSetBack(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		tries := []auth.RateLimit{
			{Key: "new", Limiter: auth.Window{Max: 9, Per: time.Hour}},
			{Key: "window", Limiter: auth.Window{Max: 1, Per: time.Hour}},
		}
		_, _, err := b.Allow(t.Context(), noon.AddDate(1, 0, 0), tries[1:])
		must(t, err)
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {time.Hour - time.Millisecond, 1}, {time.Hour, -1}} {
			refused, _, err := b.Allow(t.Context(), noon.Add(step.after), tries)
			must(t, err)
			if refused != step.want {
				t.Errorf("after %v: refused by %d, not %d", step.after, refused, step.want)
			}
		}
		if n := b.count(t, `SELECT count FROM rate_limits WHERE key = 'new'`); n != 1 {
			t.Errorf("%d tries counted, not 1", n)
		}
	})
}

// RL-04: a right answer gives back the one try it took, and no more.
func TestGrant_GiveBack(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		try := []auth.RateLimit{{Key: "answer/address/1m0s/192.0.2.0/32", Limiter: auth.Window{Max: 3, Per: time.Minute}}}
		for range 2 {
			_, _, err := b.Allow(t.Context(), noon, try)
			must(t, err)
		}
		for _, want := range []int{1, 0, 0} {
			b.give(t, "ann", auth.SettleCounts{Refund: []string{try[0].Key, "unknown"}})
			if n := b.count(t, `SELECT count FROM rate_limits`); n != want {
				t.Errorf("%d tries are counted, not %d", n, want)
			}
		}
	})
}

func TestOwner(t *testing.T) {
	for key, want := range map[string]string{
		"failures/totp/ann":                                     "ann",
		"failures/totp/known/ann":                               "ann",
		"send/account/1h0m0s/ann":                               "ann",
		"tell/factor/1h0m0s/second_factor_failed/sms/known/ann": "ann",
		"send/recipient/24h0m0s/ann@example.org":                "ann@example.org",
		"answer/address/1m0s/2001:db8::/64":                     "64",
		"ann":                                                   "ann",
		"":                                                      "",
	} {
		if got := accountOf(key); got != want {
			t.Errorf("the owner of %q is %q, not %q", key, got, want)
		}
	}
}
