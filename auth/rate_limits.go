package auth

import (
	"context"
	"time"
)

// A Count is what the store remembers of one brake.
type Count struct {
	N       int       // tries counted
	Since   time.Time // when the first of a window was, or the last of failures in a row
	ReadyAt time.Time // before this no further try is allowed
}

// A Limiter decides from a count whether one more try is allowed, and what the
// count is then. When it is not, the count returned still says, by ReadyAt,
// when it will be. It is pure: the store calls it inside its transaction.
type Limiter interface {
	Next(c Count, now time.Time) (next Count, allowed bool)
}

// A Backoff counts failures in a row: Free of them cost nothing, each further
// one a wait that doubles from First to Longest, and at Stop it closes.
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
		wait := b.Max
		if over := c.N - b.Free; over < 20 { // past 20 doublings it is the longest anyhow
			wait = min(b.First<<over, b.Max)
		}
		c.ReadyAt = now.Add(wait)
	}
	return c, true
}

// A Window allows Most tries in any stretch that starts with the first of them.
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

// smsBudget stands in the table for the operator's daily number of SMS.
type smsBudget struct{}

// Next is never asked: [Rules.limits] puts the operator's number in its place.
func (smsBudget) Next(c Count, _ time.Time) (Count, bool) { return c, false }

// A RateLimit is one brake under one key, and what is told where it refuses. Behind
// the key's last slash stands whom it is about, so that what counts an account
// can go with it.
type RateLimit struct {
	Key     string
	Limiter Limiter
	Reason  Reason
}

type rateLimitStore interface {
	// Allow counts one try under every key, or under none where one brake
	// refuses; then it answers the refusing try's place and its count. Of racing
	// callers no more are allowed than the brakes allow one after another. Counts
	// of a time that is yet to come are set back first, see [Count.Rebase].
	Allow(ctx context.Context, now time.Time, tries []RateLimit) (refused int, count Count, err error)
}

// subjects is what the scopes of the table stand for, this time. A scope that is
// left empty is not counted.
type subjects map[Scope]string

// from counts by the client's network address. All addresses of an IPv6 /64
// are one: its holder has 2^64 of them.
func (w subjects) from(client Client) subjects {
	w[ByIP] = "unknown"
	if a := client.IP; a.IsValid() {
		bits := 32
		if a.Is6() {
			bits = 64
		}
		prefix, _ := a.WithZone("").Prefix(bits) // bits are within every address of its kind
		w[ByIP] = prefix.String()
	}
	return w
}

// limits are the rows of a door's limits.
func (r *Rules) limits(door Action, who subjects) []RateLimit {
	var tries []RateLimit
	for _, row := range limits {
		name := who[row.by]
		if row.by == Global {
			name = "sent"
		}
		if row.action != door || name == "" {
			continue
		}
		brake := row.limiter
		if _, budget := brake.(smsBudget); budget {
			brake = Window{Max: r.policy.SMSBudget, Per: 24 * time.Hour}
		}
		key := "failures/" + name // kept until a success ends it
		if window, ok := brake.(Window); ok {
			key = string(door) + "/" + string(row.by) + "/" + window.Per.String() + "/" + name
		}
		tries = append(tries, RateLimit{Key: key, Limiter: brake, Reason: row.reason})
	}
	return tries
}

// allow counts the tries before any answer is looked at, so that racing guesses
// cannot outrun a limit. A refusal is a Problem that says how long to wait.
func (r *Rules) allow(ctx context.Context, now time.Time, tries ...RateLimit) error {
	refused, count, err := r.store.Allow(ctx, now, tries)
	if err != nil || refused < 0 {
		return err
	}
	if b, ok := tries[refused].Limiter.(Backoff); ok && count.N >= b.LockAt {
		return &Problem{Reason: FactorLocked, Field: "code"}
	}
	return &Problem{Reason: tries[refused].Reason, Wait: max(count.ReadyAt.Sub(now), time.Second)}
}
