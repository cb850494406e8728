package auth

import "context"

// A Task is what a session must do before anything else. It is derived from
// facts: no column marks a session as pending.
type Task string

// The tasks, in order.
const (
	NoTask       Task = ""
	TaskPassword Task = "change-password" // the operator demands a new password (PW-10)
	TaskSetupMFA Task = "setup-mfa"       // a second factor is required and missing, or a recovery has removed all
)

// Task derives a session's task. The set-up is complete when the account has an
// enabled factor *and* the user has seen the backup codes that came with it:
// redirected any earlier, the user would lose them.
func (r *Rules) Task(s Session, factors Factors) Task {
	switch {
	case s.MustChange:
		return TaskPassword
	case factors.Recovered && !factors.HasMFA(),
		r.requiresMFA(s.MFA, r.now()) && (len(factors.Methods()) == 0 || factors.CodesUnseen):
		return TaskSetupMFA
	}
	return NoTask
}

// KeepNext stores the local path at which a session continues when its pending task is
// done. The cookie has no room for it, and the links of the task's pages would lose it.
func (r *Rules) KeepNext(ctx context.Context, session Session, next string) error {
	return r.store.ReplaceNext(ctx, session.ID, next)
}
