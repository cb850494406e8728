package auth

import (
	"testing"
	"time"
)

// rulesOf returns rules without a store.
func rulesOf(policy Policy, now time.Time) *Rules {
	return New(nil, Keyring{}, nil, policy, func() time.Time { return now })
}

// CountingHasher returns a hasher that computes one hash at a time and how many it has
// computed: a goroutine counts the slots it hands out.
func CountingHasher(t *testing.T, cost Cost) (h *Hasher, runs func() int) {
	h = NewHasher(cost, 1)
	h.slots = make(chan struct{})
	count, closed := make(chan int), make(chan struct{})
	t.Cleanup(func() { close(closed) })
	go func() {
		for n := 0; ; {
			select {
			case <-h.slots:
				n++
				h.slots <- struct{}{} // freed when the hash is computed
			case count <- n:
			case <-closed:
				return
			}
		}
	}()
	return h, func() int { return <-count }
}

// Occupy takes the hasher's slots until release is called.
func (h *Hasher) Occupy() (release func()) {
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	return func() {
		for range cap(h.slots) {
			<-h.slots
		}
	}
}

// EnrolEmailKey is the key by which wrong codes to a new address of an account count.
func EnrolEmailKey(address string) string {
	email, _ := ParseEmail(address)
	return (&Rules{}).mailedCodeKeys(email, enrolEmail)[0]
}
