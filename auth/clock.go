package auth

import (
	"strings"
	"time"
)

// The server's clock can be wrong and then be corrected. A clock that was fast
// only makes things expire early, which costs a sign-in. One that is set back
// would extend them, so nothing is valid that is dated in the future.

// plausible reports whether a timestamp can be true. One further in the future
// than clocks differ was written by a clock that was wrong, or the clock is wrong
// now; its age is unknown, so it counts as expired.
func plausible(at, now time.Time) bool { return !at.After(now.Add(ClockSkew)) }

// Rebase corrects a count dated in the future, after the clock was set back: it
// keeps the count and starts its time now. So correcting the clock neither lifts
// limits nor makes users wait until the wrong time has come.
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

const oneDay = 24 * time.Hour

// dayOf returns the beginning of a day in UTC.
func dayOf(t time.Time) time.Time { return t.UTC().Truncate(oneDay) }

// ShortDuration writes a duration as operators do: "1h", not "1h0m0s".
func ShortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
