package db

import (
	"testing"
	"time"

	"twostep/auth"
)

// Two nodes on one database: each sees the other's writes at once, and limits and
// values that may be used once hold for both together.
func TestStore_TwoNodes(t *testing.T) {
	eachStore(t, func(t *testing.T, one testDB) {
		two := one.reopen(t)
		ctx, changes := t.Context(), auth.ChangeSet{At: noon}
		one.addAnn(t)
		_, _, err := two.FindSessionFactors(ctx, "token of s1", noon)
		must(t, err)
		_, err = two.FindAttempt(ctx, "a1", noon)
		must(t, err)
		must(t, two.TouchSession(ctx, "ann", "s1", noon.Add(time.Minute)))
		if s, err := one.FindSession(ctx, "token of s1"); err != nil || !s.SeenAt.Equal(noon.Add(time.Minute)) {
			t.Errorf("seen at %v, %v", s.SeenAt, err)
		}

		limiter := []auth.RateLimit{{Key: "k", Limiter: auth.Window{Max: 3, Per: time.Hour}}}
		for i, s := range []*Store{one.Store, two, one.Store, two} {
			refused, _, err := s.Allow(ctx, noon, limiter)
			must(t, err)
			if (refused < 0) != (i < 3) {
				t.Errorf("request %d: refused by %d", i, refused)
			}
		}

		one.apply(t, "ann", auth.QueueMessage{Message: message("m1")})
		_, err = two.ClaimMessage(ctx, auth.BySMS, noon, noon.Add(time.Minute), latest)
		must(t, err)
		if again := one.claimAll(t, auth.BySMS, noon, noon.Add(time.Minute)); len(again) != 0 {
			t.Errorf("%d messages were claimed again", len(again))
		}
		spent, err := two.SpendTOTPStep(ctx, "ann", 101, changes)
		wantTrue(t, spent, err)
		spent, err = one.SpendTOTPStep(ctx, "ann", 101, changes)
		wantFalse(t, spent, err)

		must(t, two.RemoveSession(ctx, "token of s1", noon))
		must(t, two.RemoveAttempt(ctx, "a1"))
		_, err = one.FindSession(ctx, "token of s1")
		wantNotFound(t, err)
		_, err = one.FindAttempt(ctx, "a1", noon)
		wantNotFound(t, err)
	})
}
