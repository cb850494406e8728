package auth

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestHasher_LeavesRoom: who waits for the hasher is told to come back while
// there is still time to say so, and to do what follows a hash (RL-09).
func TestHasher_LeavesRoom(t *testing.T) {
	h := NewHasher(Cost{Memory: 64, Passes: 1, Lanes: 1}, 1)
	h.slots <- struct{}{} // somebody hashes, and does not end
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := h.Hash(ctx, "seven purple turtles")
	if p, _ := errors.AsType[*Problem](err); p == nil || p.Reason != Busy {
		t.Errorf("answered %v", err)
	}
	if h.Waiting() != 0 {
		t.Errorf("%d wait still", h.Waiting())
	}
}
