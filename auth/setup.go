package auth

// A Task is what a session owes before the account is its own. Facts decide,
// read live: nothing marks a session as pending.
type Task string

// The tasks, in the order in which they are asked.
const (
	NoTask       Task = ""
	TaskPassword Task = "change-password" // the operator said that the password must change (PW-10)
	TaskSetupMFA Task = "setup-mfa"       // a second factor is required and not yet there
)

// Task derives what a session owes. The set-up is done when a factor that is
// switched on is there *and* the backup codes that came with it were seen: who
// is sent on before has lost them.
func (r *Rules) Task(s Session, factors Factors) Task {
	switch {
	case s.MustChange:
		return TaskPassword
	case r.policy.RequireMFA && (len(factors.Methods()) == 0 || factors.CodesUnseen):
		return TaskSetupMFA
	}
	return NoTask
}

// keepsFactor reports whether the account's last factor may be replaced and
// not removed (RV-06): where one is required.
func (r *Rules) keepsFactor() bool { return r.policy.RequireMFA }
