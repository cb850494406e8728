package auth

import (
	"context"
	"errors"
	"time"
)

// A factor is one way to authenticate, with what it needs to check a response.
// Each has a type and a file of its own; [Rules.attemptFactor] has one row for
// each.
type factor interface {
	kind() FactorKind
	// verify checks a response, a password or the result of cleanCode, and returns
	// the write that consumes it.
	verify(ctx context.Context, r *Rules, response string, now time.Time) (spend, error)
	// alreadySpent is the reason given to the loser of a race, whose correct response
	// another request has consumed.
	alreadySpent() Reason
}

// spend consumes a response and applies changes in the same transaction. At
// most one of any number of racing callers gets true.
type spend func(ctx context.Context, changes ChangeSet) (spent bool, err error)

// A challenge asks for one factor. Attempts, enrolments and re-authentication
// issue the same challenges, so they share factors, limits and waits.
type challenge struct {
	factor
	user    UserID // for the log; empty if no account has the email address
	client  Client
	known   bool     // whether the request comes from a known device
	counter []string // by which failures are counted, see failureCounter
	posted  submission

	anonymous bool // counted before the passkey said whose it is: by IP address only
}

// challengeLimits are the rate limits that a response counts against.
func (r *Rules) challengeLimits(c challenge) []RateLimit {
	scope := ByFactor
	if c.kind() == EmailCode {
		scope = ByMailed
	}
	if c.anonymous {
		return r.limits(ActionVerify, subjects{}.from(c.client))
	}
	return r.limits(ActionVerify, subjects{scope: c.counter}.fromDevice(c.client, c.known, string(c.user)))
}

// checkResponse is the only place where a response meets a factor. It counts
// the request before it checks the response. If the server had no time to check
// it, or the client disconnected before, the request is refunded: a flood must
// not lock the factors of its victims (RL-09).
func (r *Rules) checkResponse(ctx context.Context, c challenge, response string, now time.Time) (s spend, err error) {
	if err = r.allow(ctx, now, r.challengeLimits(c)...); err == nil {
		s, err = c.verify(ctx, r, response, now)
		if unchecked(err) {
			err = r.refund(ctx, c, err, now)
		}
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		p.User = c.user
		if p.Reason == TOTPWrong {
			err = r.markRepeat(ctx, c, p)
		}
	}
	return s, err
}

// markRepeat marks a problem whose challenge has failed before: one wrong code is a slip, and
// more may have a cause. Its own failure is counted already.
func (r *Rules) markRepeat(ctx context.Context, c challenge, p *Problem) error {
	for _, limit := range r.limits(ActionVerify, subjects{ByFactor: c.counter}) {
		count, err := r.store.FindCount(ctx, limit.Key)
		if ignoreNotFound(err) != nil {
			return err
		}
		p.Repeat = count.N > 1
	}
	return p
}

// refund takes back what checkResponse counted, because of err: the response was not
// checked, or was correct and what follows it was refused.
func (r *Rules) refund(ctx context.Context, c challenge, err error, now time.Time) error {
	refund := ChangeSet{At: now, Changes: []Change{SettleCounts{Refund: limitKeys(r.challengeLimits(c))}}}
	return errors.Join(err, r.store.Apply(context.WithoutCancel(ctx), refund))
}

// unchecked reports whether an error means that the response was not checked.
func unchecked(err error) bool {
	return isProblemOf(err, Busy) || errors.Is(err, context.Canceled)
}

// checkEnrolment checks a response of an enrolment, and returns what a correct one does to
// the counts.
func (r *Rules) checkEnrolment(ctx context.Context, c challenge, response string, now time.Time) (spend, SettleCounts, error) {
	if response = cleanCode(response); response == "" {
		return nil, SettleCounts{}, &Problem{Reason: CodeMissing, Field: "code"}
	}
	spend, err := r.checkResponse(ctx, c, response, now)
	return spend, r.settle(c), err
}
