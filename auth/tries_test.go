package auth

import (
	"testing"
	"time"
)

// TestBackoff: five free, then waits from 30 seconds doubling to an hour, and
// after a hundred in a row nothing more (RL-01, RL-02, RL-07).
func TestBackoff(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	var c Count
	for try := 1; try <= 100; try++ {
		next, allowed := failures.Next(c, now)
		if !allowed || next.N != try {
			t.Fatalf("try %d: %+v, allowed %v", try, next, allowed)
		}
		c = next
		want := time.Duration(0)
		if try >= 5 {
			want = min(30*time.Second<<min(try-5, 10), time.Hour)
		}
		if got := max(c.ReadyAt.Sub(now), 0); got != want {
			t.Fatalf("after try %d: wait %v, want %v", try, got, want)
		}
		if want > 0 {
			if again, allowed := failures.Next(c, now.Add(want-time.Millisecond)); allowed || again != c {
				t.Fatalf("try %d came before its wait was over", try+1)
			}
			now = now.Add(want)
		}
	}
	if _, allowed := failures.Next(c, now.AddDate(10, 0, 0)); allowed {
		t.Fatal("try 101 was allowed")
	}
}

// TestWindow: so many in a stretch that starts with the first, and a clock
// that was set back shuts nobody out.
func TestWindow(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	w := Window{Most: 2, In: time.Minute}
	c, first := w.Next(Count{}, now)
	c, second := w.Next(c, now.Add(time.Second))
	refused, third := w.Next(c, now.Add(59*time.Second))
	if !first || !second || third {
		t.Fatalf("allowed %v %v %v", first, second, third)
	}
	if !refused.ReadyAt.Equal(now.Add(time.Minute)) {
		t.Errorf("ready at %v", refused.ReadyAt)
	}
	if c, allowed := w.Next(c, now.Add(time.Minute)); !allowed || c.N != 1 {
		t.Errorf("the next stretch: %+v, %v", c, allowed)
	}
	if _, allowed := w.Next(c, now.Add(-time.Hour)); !allowed {
		t.Error("a clock set back shut the door")
	}
}
