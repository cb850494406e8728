package auth

import "testing"

// CountingHasher is a hasher of one run at a time, and the number of its runs
// so far: each takes its turn from a clerk who counts.
func CountingHasher(t *testing.T, cost Cost) (h *Hasher, runs func() int) {
	h = NewHasher(cost, 1)
	h.slots = make(chan struct{})
	asked, closed := make(chan int), make(chan struct{})
	t.Cleanup(func() { close(closed) })
	go func() {
		for n := 0; ; {
			select {
			case <-h.slots:
				n++
				h.slots <- struct{}{} // taken back when the run ends
			case asked <- n:
			case <-closed:
				return
			}
		}
	}()
	return h, func() int { return <-asked }
}
