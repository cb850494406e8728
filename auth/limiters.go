package auth

import "time"

// A Count is what the store keeps of a rate limit.
type Count struct {
	N       int       // requests or failures counted
	Since   time.Time // of the first request of a window, or the last of consecutive failures
	ReadyAt time.Time // no request is allowed before
}

// A Limiter decides whether one more request is allowed, and returns the next
// count. If it is not allowed, ReadyAt of that count says when it will be. Next
// has no side effects: the store calls it in its transaction.
type Limiter interface {
	Next(c Count, now time.Time) (next Count, allowed bool)
	// Retention is how long a count is of use after its Since.
	Retention() time.Duration
}

// A Backoff counts consecutive failures: the first Free of them cost nothing, each
// further one a wait that doubles from First to Max, and LockAt lock the factor.
type Backoff struct {
	Free       int
	First, Max time.Duration
	LockAt     int
}

// Next implements [Limiter].
func (b Backoff) Next(c Count, now time.Time) (Count, bool) {
	if c.N >= b.LockAt || now.Before(c.ReadyAt) {
		return c, false
	}
	c.N++
	c.Since = now
	if c.N >= b.Free {
		wait := b.First
		for range c.N - b.Free {
			wait = min(2*wait, b.Max)
		}
		c.ReadyAt = now.Add(wait)
	}
	return c, true
}

// Retention implements [Limiter].
func (Backoff) Retention() time.Duration { return FailureRetention }

// A Lock counts consecutive failures without waits, and refuses everything after At.
type Lock struct{ At int }

// Next implements [Limiter].
func (l Lock) Next(c Count, now time.Time) (Count, bool) {
	if c.N >= l.At {
		return c, false
	}
	return Count{N: c.N + 1, Since: now}, true
}

// Retention implements [Limiter].
func (Lock) Retention() time.Duration { return FailureRetention }

// A Window allows Max requests in the time Per that starts with the first one.
type Window struct {
	Max int
	Per time.Duration
}

// Next implements [Limiter].
func (w Window) Next(c Count, now time.Time) (Count, bool) {
	if c.N == 0 || !now.Before(c.Since.Add(w.Per)) {
		return Count{N: 1, Since: now}, true
	}
	if c.N >= w.Max {
		c.ReadyAt = c.Since.Add(w.Per)
		return c, false
	}
	c.N++
	return c, true
}

// Retention implements [Limiter]. Another server's clock may be late.
func (w Window) Retention() time.Duration { return w.Per + ClockSkew }

// smsBudget is a placeholder for a share, Part/Of, of the operator's daily number of SMS.
type smsBudget struct{ Part, Of int }

// Next is never called: [Rules.limits] replaces the placeholder by window.
func (smsBudget) Next(c Count, _ time.Time) (Count, bool) { return c, false }

// Retention is never called either.
func (smsBudget) Retention() time.Duration { return 0 }

func (b smsBudget) window(budget int) Window {
	return Window{Max: (budget*b.Part + b.Of - 1) / b.Of, Per: SMSBudgetPeriod} // rounded up: not zero
}
