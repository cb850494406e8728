package auth

import "context"

// apply ends an action whose changes are all that the store is to do.
func (r *Rules) apply(ctx context.Context, changes ChangeSet) error {
	return r.conclude(ctx, changes, true, r.store.Apply(ctx, changes))
}

// conclude ends an action with the store's result. The form has expired if the
// store changed nothing.
func (r *Rules) conclude(ctx context.Context, changes ChangeSet, changed bool, err error) error {
	if err == nil && !changed {
		err = &Problem{Reason: FormExpired}
	}
	if err == nil {
		r.Applied(ctx, changes)
	}
	return err
}

// Applied follows every successful change: it passes the events to the observer
// and signals the workers.
func (r *Rules) Applied(ctx context.Context, changes ChangeSet) {
	for _, c := range changes.Changes {
		switch c := c.(type) {
		case RecordEvent:
			observe(ctx, c.Event)
		case QueueMessage:
			r.signal(c.Channel)
		case StopRecovery:
			if c.Expected {
				r.Applied(ctx, ChangeSet{Changes: c.Changes})
			}
		}
	}
}

type observerKey struct{}

func observe(ctx context.Context, e Event) {
	if observer, ok := ctx.Value(observerKey{}).(func(Event)); ok {
		observer(e)
	}
}

// WithObserver returns a context with which observe is called for every event that was
// recorded and for alarms. It is for the log, which adds the request's id (LG-01).
func WithObserver(ctx context.Context, observe func(Event)) context.Context {
	return context.WithValue(ctx, observerKey{}, observe)
}
