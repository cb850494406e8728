package auth

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestHasher_BeforeDeadline: a request that waits for the hasher is refused before its
// deadline, while there is time for a page that says so (RL-09).
func TestHasher_BeforeDeadline(t *testing.T) {
	h := NewHasher(Cost{Memory: 64, Passes: 1, Lanes: 1}, 1)
	h.slots <- struct{}{} // another hash that does not end
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := h.Hash(ctx, "seven purple turtles")
	if p, _ := errors.AsType[*Problem](err); p == nil || p.Reason != Busy {
		t.Errorf("error is %v", err)
	}
	if h.Waiting() != 0 {
		t.Errorf("%d are still in the queue", h.Waiting())
	}
}

// TestHasher_AfterDeadline: so is a request whose deadline is over when it begins to wait.
func TestHasher_AfterDeadline(t *testing.T) {
	h := NewHasher(Cost{Memory: 64, Passes: 1, Lanes: 1}, 1)
	h.slots <- struct{}{}
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	for range 64 { // each time one of two reasons is seen first
		if _, err := h.Hash(ctx, "seven purple turtles"); !isProblemOf(err, Busy) {
			t.Fatalf("error is %v", err)
		}
	}
}
