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

// countedByAccount are the kinds whose failures are counted by account, and CountedFactors
// all kinds with a count, for the test that each has a name.
var (
	countedByAccount = slices.Concat([]FactorKind{Password}, secondFactors, []FactorKind{enrolTOTP, enrolPhone})
	CountedFactors   = slices.Concat(countedByAccount, mailedCodes)
)

// failureCounts reads all failure counts of an account: of its factors, and of codes
// mailed to its address and to the one that it is about to get.
func (r *Rules) failureCounts(ctx context.Context, user User, now time.Time) (all []failureCount, err error) {
	all = append(r.eachFailureCount(ByFactor, string(user.ID), countedByAccount), r.eachFailureCount(ByMailed, user.Email.Key, mailedCodes)...)
	pending, err := r.store.FindEmailEnrolment(ctx, user.ID, now)
	if err == nil {
		all = append(all, r.eachFailureCount(ByMailed, pending.Email.Key, []FactorKind{enrolEmail})...)
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

// eachFailureCount returns the counts of kinds of factors of one account or email address,
// from known devices and others, without their values.
func (r *Rules) eachFailureCount(by Scope, account string, kinds []FactorKind) (all []failureCount) {
	for _, kind := range kinds {
		for _, known := range []bool{false, true} {
			for _, limit := range r.limits(ActionVerify, subjects{by: failureCounter(kind, account, known)}) {
				all = append(all, failureCount{Wait: Wait{Factor: kind, KnownDevices: known}, limit: limit})
			}
		}
	}
	return all
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

func keysOf(counts []failureCount) (keys []string) {
	for _, c := range counts {
		keys = append(keys, c.limit.Key)
	}
	return keys
}
