package auth

import (
	"context"
	"slices"
	"time"
)

// A Wait keeps a user from one factor after failures.
type Wait struct {
	Factor       FactorKind
	KnownDevices bool      // whether it concerns the devices the user has signed in with, or all others
	Until        time.Time // zero if the factor is locked
}

// A failureCount is a count of the failures of one factor.
type failureCount struct {
	Wait  // its Until is not set
	limit RateLimit
	Count
}

// countedFactors are the kinds whose failures are counted by account, and CountedFactors
// all kinds with a count.
var (
	countedFactors = slices.Concat([]FactorKind{Password}, secondFactors, []FactorKind{enrolTOTP, enrolPhone})
	CountedFactors = slices.Concat(countedFactors, mailedCodes)
)

// failureCounts reads all failure counts of an account: of its factors, and of codes
// mailed to its address and to the one that it is about to get.
func (r *Rules) failureCounts(ctx context.Context, user User, now time.Time) (all []failureCount, err error) {
	add := func(by Scope, account string, kinds ...FactorKind) {
		for _, kind := range kinds {
			for _, known := range []bool{false, true} {
				for _, limit := range r.limits(ActionVerify, subjects{by: failureCounter(kind, account, known)}) {
					all = append(all, failureCount{Wait: Wait{Factor: kind, KnownDevices: known}, limit: limit})
				}
			}
		}
	}
	add(ByFactor, string(user.ID), countedFactors...)
	add(ByMailed, user.Email.Key, mailedCodes...)
	pending, err := r.store.FindEmailEnrolment(ctx, user.ID, now)
	if err == nil {
		add(ByMailed, pending.Email.Key, enrolEmail)
	} else if ignoreNotFound(err) != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Count, err = r.store.FindCount(ctx, all[i].limit.Key); ignoreNotFound(err) != nil {
			return nil, err
		}
	}
	return all, nil
}

// waits returns the waits that the counts lead to.
func waits(counts []failureCount, now time.Time) (all []Wait) {
	for _, c := range counts {
		rebased, _ := c.Rebase(now)
		refused, allowed := c.limit.Limiter.Next(rebased, now)
		if allowed {
			continue
		}
		c.Until = refused.ReadyAt
		if backoff, ok := c.limit.Limiter.(Backoff); ok && refused.N >= backoff.LockAt {
			c.Until = time.Time{}
		}
		all = append(all, c.Wait)
	}
	return all
}

// Failures are the failures of one factor in a row.
type Failures struct {
	Factor       FactorKind
	KnownDevices bool // as in [Wait]
	N            int
}

func failures(counts []failureCount, now time.Time) (all []Failures) {
	for _, c := range counts {
		if rebased, _ := c.Rebase(now); rebased.N > 0 {
			all = append(all, Failures{c.Factor, c.KnownDevices, rebased.N})
		}
	}
	return all
}

func resetOf(counts []failureCount) (reset SettleCounts) {
	for _, c := range counts {
		reset.Reset = append(reset.Reset, c.limit.Key)
	}
	return reset
}
