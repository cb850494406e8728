package db

import (
	"context"
	"testing"
	"time"

	"twostep/auth"
)

// RL-01: concurrent requests cannot exceed a limit.
func TestAllow_Limit(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		allowed := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			wide := auth.RateLimit{Key: "wide", Limiter: auth.Window{Max: 20, Per: time.Hour}}
			narrow := auth.RateLimit{Key: "narrow", Limiter: auth.Window{Max: 7, Per: time.Hour}}
			limits := []auth.RateLimit{wide, narrow}
			if i%3 == 0 { // the caller's order does not matter
				limits = []auth.RateLimit{narrow, wide}
			}
			refused, _, err := s.Allow(ctx, noon, limits)
			return refused < 0, err
		})
		if allowed != 7 {
			t.Errorf("%d requests were allowed, want 7", allowed)
		}
		if n := db.count(t, `SELECT count FROM rate_limits WHERE key = 'wide'`); n != 7 {
			t.Errorf("the limit that did not refuse has counted %d requests, want 7", n)
		}
	})
}

// RL-02: Allow returns the first limit that refuses, in the caller's order, and the
// time at which it will allow a request again.
func TestAllow_Refusal(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		limits := []auth.RateLimit{
			{Key: "c", Limiter: auth.Window{Max: 5, Per: time.Hour}},
			{Key: "b", Limiter: auth.Window{Max: 1, Per: time.Minute}},
			{Key: "a", Limiter: auth.Window{Max: 1, Per: time.Hour}},
		}
		refused, _, err := db.Allow(t.Context(), noon, limits)
		must(t, err)
		if refused != -1 {
			t.Fatalf("first request was refused by %d", refused)
		}
		refused, count, err := db.Allow(t.Context(), noon.Add(time.Second), limits)
		must(t, err)
		if refused != 1 || !count.ReadyAt.Equal(noon.Add(time.Minute)) {
			t.Errorf("refused by %d until %v", refused, count.ReadyAt)
		}
		refused, count, err = db.Allow(t.Context(), noon.Add(2*time.Minute), limits)
		must(t, err)
		if refused != 2 || !count.ReadyAt.Equal(noon.Add(time.Hour)) {
			t.Errorf("refused by %d until %v", refused, count.ReadyAt)
		}
		if n := db.count(t, `SELECT count FROM rate_limits WHERE key = 'c'`); n != 1 {
			t.Errorf("%d requests counted, want 1", n)
		}
	})
}

// RL-02, RL-03: waits survive a restart, and SettleCounts resets only its own keys.
func TestAllow_BackoffAndReset(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		limiter := auth.Backoff{Free: 1, First: time.Minute, Max: time.Hour, LockAt: 10}
		for _, key := range []string{"ann", "bob"} {
			refused, _, err := db.Allow(t.Context(), noon, []auth.RateLimit{{Key: key, Limiter: limiter}})
			must(t, err)
			if refused != -1 {
				t.Fatalf("%s was refused", key)
			}
		}
		must(t, db.Close())
		db.Store = db.reopen(t)
		db.apply(t, "ann", auth.SettleCounts{Reset: []string{"ann", "nobody"}})
		for key, want := range map[string]int{"ann": -1, "bob": 0} {
			refused, _, err := db.Allow(t.Context(), noon.Add(time.Second), []auth.RateLimit{{Key: key, Limiter: limiter}})
			must(t, err)
			if refused != want {
				t.Errorf("%s: refused by %d, want %d", key, refused, want)
			}
		}
	})
}

// RL-02, RL-06: if the clock is set back, counts are kept, and a refusal lasts as
// long as it would have otherwise.
func TestAllow_ClockSetBack(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		limits := []auth.RateLimit{
			{Key: "new", Limiter: auth.Window{Max: 9, Per: time.Hour}},
			{Key: "window", Limiter: auth.Window{Max: 1, Per: time.Hour}},
		}
		_, _, err := db.Allow(t.Context(), noon.AddDate(1, 0, 0), limits[1:])
		must(t, err)
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {time.Hour - time.Millisecond, 1}, {time.Hour, -1}} {
			refused, _, err := db.Allow(t.Context(), noon.Add(step.after), limits)
			must(t, err)
			if refused != step.want {
				t.Errorf("after %v: refused by %d, want %d", step.after, refused, step.want)
			}
		}
		if n := db.count(t, `SELECT count FROM rate_limits WHERE key = 'new'`); n != 1 {
			t.Errorf("%d requests counted, want 1", n)
		}
	})
}

// RL-04: a refund subtracts one request, and a count never becomes negative.
func TestApply_Refund(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		limits := []auth.RateLimit{{Key: "verify/ip/1m0s/192.0.2.0/32", Limiter: auth.Window{Max: 3, Per: time.Minute}}}
		for range 2 {
			_, _, err := db.Allow(t.Context(), noon, limits)
			must(t, err)
		}
		for _, want := range []int{1, 0, 0} {
			db.apply(t, "ann", auth.SettleCounts{Refund: []string{limits[0].Key, "unknown"}})
			if n := db.count(t, `SELECT count FROM rate_limits`); n != want {
				t.Errorf("%d requests are counted, want %d", n, want)
			}
		}
	})
}

func TestAccountOf(t *testing.T) {
	for key, want := range map[string]any{
		"failures/totp/ann":                                       "ann",
		"failures/totp/known/ann":                                 "ann",
		"send_code/account/1h0m0s/ann":                            "ann",
		"notify/factor/1h0m0s/second_factor_failed/sms/known/ann": "ann",
		"failures/password/known/=hash":                           nil,
		"verify/ip/1m0s/=hash":                                    nil,
		"ann":                                                     "ann",
		"":                                                        "",
	} {
		got, typed := accountOf(key)
		if got != want {
			t.Errorf("account of %q is %v, want %v", key, got, want)
		}
		if (typed == 1) != (key == "failures/password/known/=hash") {
			t.Errorf("%q: typed is %d", key, typed)
		}
	}
}

// A refund takes back the count and the wait of its request, but not the wait of a later
// one.
func TestSettleCounts_RefundsWait(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		limit := auth.RateLimit{Key: "failures/totp/ann", Limiter: auth.Backoff{Free: 2, First: time.Minute, Max: time.Hour, LockAt: 9}}
		allow := func(at time.Time) bool {
			t.Helper()
			refused, _, err := db.Allow(t.Context(), at, []auth.RateLimit{limit})
			must(t, err)
			return refused < 0
		}
		refund := func(at time.Time) {
			t.Helper()
			must(t, db.Apply(t.Context(), auth.ChangeSet{At: at, Changes: []auth.Change{auth.SettleCounts{Refund: []string{limit.Key}}}}))
		}
		later := noon.Add(time.Second)
		if !allow(noon) || !allow(later) || allow(later) {
			t.Fatal("the second failure has no wait")
		}
		refund(later)
		if !allow(later.Add(time.Second)) {
			t.Error("the refunded request has left its wait")
		}
		refund(noon)
		if allow(later.Add(time.Minute)) {
			t.Error("the wait of a later request was refunded")
		}
	})
}
