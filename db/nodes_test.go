package db

import (
	"testing"
	"time"

	"twostep/auth"
)

// Two nodes on one database are one site: what one has written the other sees
// at once, and what may be had once is had from either.
func TestStore_TwoNodes(t *testing.T) {
	eachStore(t, func(t *testing.T, one base) {
		two := one.again(t)
		ctx, grant := t.Context(), auth.ChangeSet{At: noon}
		one.ann(t)
		_, _, err := two.FindSessionFactors(ctx, "handle of s1", noon)
		must(t, err)
		_, err = two.FindAttempt(ctx, "a1", noon)
		must(t, err)
		must(t, two.TouchSession(ctx, "s1", noon.Add(time.Minute)))
		if s, err := one.FindSession(ctx, "handle of s1"); err != nil || !s.SeenAt.Equal(noon.Add(time.Minute)) {
			t.Errorf("seen at %v, %v", s.SeenAt, err)
		}

		brake := []auth.RateLimit{{Key: "k", Limiter: auth.Window{Max: 3, Per: time.Hour}}}
		for i, s := range []*Store{one.Store, two, one.Store, two} {
			refused, _, err := s.Allow(ctx, noon, brake)
			must(t, err)
			if (refused < 0) != (i < 3) {
				t.Errorf("try %d: refused by %d", i, refused)
			}
		}

		one.give(t, "ann", auth.QueueMessage{Message: message("m1")})
		claimed, err := two.ClaimMessages(ctx, auth.BySMS, noon, noon.Add(time.Minute), furthest, 10)
		must(t, err)
		again, err := one.ClaimMessages(ctx, auth.BySMS, noon, noon.Add(time.Minute), furthest, 10)
		must(t, err)
		if len(claimed) != 1 || len(again) != 0 {
			t.Errorf("claimed %d times and then %d", len(claimed), len(again))
		}
		spent, err := two.SpendTOTPStep(ctx, "ann", 101, grant)
		wantTrue(t, spent, err)
		spent, err = one.SpendTOTPStep(ctx, "ann", 101, grant)
		wantFalse(t, spent, err)

		must(t, two.RemoveSession(ctx, "handle of s1"))
		must(t, two.RemoveAttempt(ctx, "a1"))
		_, err = one.FindSession(ctx, "handle of s1")
		wantNotFound(t, err)
		_, err = one.FindAttempt(ctx, "a1", noon)
		wantNotFound(t, err)
	})
}
