package auth

import "time"

// The server's clock can be wrong for a while and be put right. Going ahead it
// ends things early, which costs a sign-in. Going back it would let them last:
// so nothing lasts by a time that has not been.

// datable reports whether something can have happened at a time. What is dated
// further ahead than clocks differ was dated by a clock that was wrong, or the
// clock is wrong now; how old it is nobody knows, and it is over.
func plausible(at, now time.Time) bool { return !at.After(now.Add(ClockSkew)) }

// Rebase is the count as a clock reads it that was set back since: all that
// was counted stands, and its time begins now. So a clock that is put right
// gives no tries away, and keeps nobody waiting until the wrong time has come.
func (c Count) Rebase(now time.Time) (_ Count, changed bool) {
	ahead := c.Since.Sub(now)
	if ahead <= 0 {
		return c, false
	}
	c.Since = now
	if !c.ReadyAt.IsZero() {
		c.ReadyAt = c.ReadyAt.Add(-ahead)
	}
	return c, true
}
