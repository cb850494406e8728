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

// A Brake decides from a count whether one more try is allowed, and what the
// count is then. When it is not, the count returned still says, by ReadyAt,
// when it will be. It is pure: the store calls it inside its transaction.
type Brake interface {
	Next(c Count, now time.Time) (next Count, allowed bool)
}

// A Backoff counts failures in a row: Free of them cost nothing, each further
// one a wait that doubles from First to Longest, and at Stop it closes.
type Backoff struct {
	Free           int
	First, Longest time.Duration
	Stop           int
}

// Next implements [Brake].
func (b Backoff) Next(c Count, now time.Time) (Count, bool) {
	if c.N >= b.Stop || now.Before(c.ReadyAt) {
		return c, false
	}
	c.N++
	c.Since = now
	if c.N >= b.Free {
		wait := b.Longest
		if over := c.N - b.Free; over < 20 { // past 20 doublings it is the longest anyhow
			wait = min(b.First<<over, b.Longest)
		}
		c.ReadyAt = now.Add(wait)
	}
	return c, true
}

// A Window allows Most tries in any stretch that starts with the first of them.
type Window struct {
	Most int
	In   time.Duration
}

// Next implements [Brake].
func (w Window) Next(c Count, now time.Time) (Count, bool) {
	if c.N == 0 || !now.Before(c.Since.Add(w.In)) {
		return Count{N: 1, Since: now}, true
	}
	if c.N >= w.Most {
		c.ReadyAt = c.Since.Add(w.In)
		return c, false
	}
	c.N++
	return c, true
}

// smsBudget stands in the table for the operator's daily number of SMS.
type smsBudget struct{}

// Next is never asked: [Rules.tries] puts the operator's number in its place.
func (smsBudget) Next(c Count, _ time.Time) (Count, bool) { return c, false }

// A Try is one brake under one key, and what is told where it refuses. Behind
// the key's last slash stands whom it is about, so that what counts an account
// can go with it.
type Try struct {
	Key   string
	Brake Brake
	Told  Reason
}

type triesStore interface {
	// Take counts one try under every key, or under none where one brake
	// refuses; then it answers the refusing try's place and its count. Of racing
	// callers no more are allowed than the brakes allow one after another. Counts
	// of a time that is yet to come are set back first, see [Count.SetBack].
	Take(ctx context.Context, now time.Time, tries []Try) (refused int, count Count, err error)
}

// who is what the scopes of the table stand for, this time. A scope that is
// left empty is not counted.
type who map[Scope]string

// from counts by the visitor's network address. All addresses of an IPv6 /64
// are one: its holder has 2^64 of them.
func (w who) from(visitor Visitor) who {
	w[ByAddress] = "unknown"
	if a := visitor.Address; a.IsValid() {
		bits := 32
		if a.Is6() {
			bits = 64
		}
		prefix, _ := a.WithZone("").Prefix(bits) // bits are within every address of its kind
		w[ByAddress] = prefix.String()
	}
	return w
}

// tries are the rows of a door's limits.
func (r *Rules) tries(door Door, who who) []Try {
	var tries []Try
	for _, row := range limits {
		name := who[row.by]
		if row.by == InAll {
			name = "sent"
		}
		if row.door != door || name == "" {
			continue
		}
		brake := row.brake
		if _, budget := brake.(smsBudget); budget {
			brake = Window{Most: r.policy.SMSBudget, In: 24 * time.Hour}
		}
		key := "failures/" + name // kept until a success ends it
		if window, ok := brake.(Window); ok {
			key = string(door) + "/" + string(row.by) + "/" + window.In.String() + "/" + name
		}
		tries = append(tries, Try{Key: key, Brake: brake, Told: row.told})
	}
	return tries
}

// take counts the tries before any answer is looked at, so that racing guesses
// cannot outrun a limit. A refusal is a Problem that says how long to wait.
func (r *Rules) take(ctx context.Context, now time.Time, tries ...Try) error {
	refused, count, err := r.store.Take(ctx, now, tries)
	if err != nil || refused < 0 {
		return err
	}
	if b, ok := tries[refused].Brake.(Backoff); ok && count.N >= b.Stop {
		return &Problem{Reason: FactorStopped, Field: "code"}
	}
	return &Problem{Reason: tries[refused].Told, Wait: max(count.ReadyAt.Sub(now), time.Second)}
}
