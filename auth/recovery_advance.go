package auth

import (
	"context"
	"errors"
	"time"
)

// AdvanceRecoveries sends the reminders that are due and completes the recoveries whose
// delay has passed. It returns how many it advanced, and how many wait for the budget of
// their SMS. Every server calls it once a minute.
func (r *Rules) AdvanceRecoveries(ctx context.Context) (advanced, waiting int, err error) {
	for r.policy().OffersRecovery() {
		now := r.now()
		due, err := r.store.FindDueRecoveries(ctx, now, RecoveriesBatch)
		if err != nil {
			return advanced, waiting, err
		}
		before, faults := advanced, []error(nil)
		waiting = 0
		for _, recovery := range due {
			done, err := r.advanceRecovery(ctx, recovery, now)
			switch {
			case errors.Is(err, ErrNotQueued):
				waiting++
				continue
			case done:
				advanced++
			}
			faults = append(faults, err)
		}
		if err := errors.Join(faults...); err != nil || advanced == before {
			return advanced, waiting, err
		}
	}
	return advanced, waiting, nil
}

// advanceRecovery sends the reminder or completes the recovery. After a reminder at least
// half of the delay is left, also if no server was running at half time or the clock has
// jumped. A recovery that is overdue by a day is not completed but reminded of again: the
// messages before may not have been sent either. Both wait for the budget of their SMS.
func (r *Rules) advanceRecovery(ctx context.Context, recovery Recovery, now time.Time) (done bool, err error) {
	changes := ChangeSet{User: recovery.User, At: now}
	next, event := recovery, Event{Type: RecoveryReminded}
	if recovery.Reminded && !now.After(recovery.DueAt.Add(RecoveryOverdue)) {
		event.Type = RecoveryCompleted
		changes.add(EndSessions{}, SettleCounts{Reset: r.failureKeys(recovery.User, secondFactors...)})
	} else if due := now.Add(r.policy().RecoveryDelay / 2); next.DueAt.Before(due) {
		next.DueAt = due
	}
	if err := r.warn(ctx, &changes, Client{}, event, next); err != nil {
		return false, err
	}
	if event.Type == RecoveryCompleted {
		done, err = r.store.SpendRecovery(ctx, recovery, changes)
	} else {
		done, err = r.store.ReplaceRecovery(ctx, recovery, next.DueAt, changes)
	}
	if done {
		r.Applied(ctx, changes)
	}
	return done, err
}
