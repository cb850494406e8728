package auth

import "context"

// An OperatorAction is what an operator does to an account, with a command or on the
// administration pages. It is the event that is recorded and that the owner is notified
// of: otherwise an attacker on the machine could use it unnoticed (RC-10). No action sets
// or shows a password (PW-13).
type OperatorAction EventType

// The actions.
const (
	Unlock             = OperatorAction(OperatorUnlocked)       // reset all failure counts
	ResetMFA           = OperatorAction(OperatorResetMFA)       // remove all second factors and end all sessions
	EndPassword        = OperatorAction(OperatorResetPassword)  // invalidate the password, to be reset by email, and end all sessions
	MustChangePassword = OperatorAction(OperatorMustChange)     // accept the password once more, to change it (PW-10)
	SignOutEverywhere  = OperatorAction(OperatorSignedOut)      // end all sessions (SE-10)
	Disable            = OperatorAction(OperatorDisabled)       // end all sessions and refuse sign-in until Enable (SE-10)
	Enable             = OperatorAction(OperatorEnabled)        // accept sign-in again
	Delete             = OperatorAction(OperatorDeleted)        // delete the account with everything in it
	EndOneSession      = OperatorAction(OperatorEndedSession)   // end one session
	EndExemption       = OperatorAction(OperatorEndedExemption) // apply the MFA policies again

	// DownloadPeople is the download of the list of accounts, an act on none of them.
	DownloadPeople = OperatorAction(OperatorExported)

	DelayedReset   = OperatorAction(OperatorStartedRecovery) // start a recovery, without a code and however long ago the last one was
	RefuseRecovery = OperatorAction(OperatorRefusedRecovery) // stop the pending recovery

	// RemoveFactor removes one factor. Its event is the same as if the owner removes it.
	RemoveFactor OperatorAction = "operator_removed_factor"
)

// actionRoles are the lowest roles that may do each action on the administration pages.
var actionRoles = map[OperatorAction]Role{
	Unlock: RoleSupport, SignOutEverywhere: RoleSupport, EndOneSession: RoleSupport, DelayedReset: RoleSupport,
	ResetMFA: RoleAdmin, RemoveFactor: RoleAdmin, EndPassword: RoleAdmin, MustChangePassword: RoleAdmin, RefuseRecovery: RoleAdmin,
	Disable: RoleAdmin, Enable: RoleAdmin, Delete: RoleAdmin, EndExemption: RoleAdmin, DownloadPeople: RoleAdmin,
}

// May reports whether an administrator with the role may do this.
func (r Role) May(action OperatorAction) bool { return r >= actionRoles[action] }

// An Act is an action on an account, or on one factor or session of it.
type Act struct {
	Action OperatorAction
	User   UserID
	Target string // the [FactorID] or [SessionID] that it is about; empty for the whole account
}

// Operate carries out an action on an account. done is false if there was nothing to do:
// no wait to end, no factor to remove, or already disabled.
func (r *Rules) Operate(ctx context.Context, by Operator, action OperatorAction, user UserID) (done bool, err error) {
	return r.CarryOut(ctx, by, Act{Action: action, User: user})
}

// CarryOut is Operate for any act.
func (r *Rules) CarryOut(ctx context.Context, by Operator, act Act) (done bool, err error) {
	changes, err := r.beginReasoned(ctx, by, actionRoles[act.Action], act.User)
	if err != nil {
		return false, err
	}
	checks, err := r.unapproved(by, act.Action)
	if err != nil {
		return false, err
	}
	changes.add(checks...)
	return r.carryOut(ctx, by, act, changes)
}

// carryOut adds the changes of an act to those given, and applies all.
func (r *Rules) carryOut(ctx context.Context, by Operator, act Act, changes ChangeSet) (done bool, err error) {
	found, err := r.store.FindUser(ctx, act.User)
	if err != nil {
		return false, err
	}
	if act.Action == DelayedReset {
		return r.delayedReset(ctx, by, changes)
	}
	event := Event{Type: EventType(act.Action)}
	if act.Action == RemoveFactor {
		if event, err = r.removalOf(ctx, act, &changes); err != nil {
			return false, err
		}
	}
	if err := r.recordAct(ctx, &changes, by, event); err != nil {
		return false, err
	}
	user := act.User
	switch act.Action {
	case RefuseRecovery:
		var last Recovery
		if last, err = r.RecoveryOf(ctx, user); err == nil {
			done, err = r.store.EndRecovery(ctx, user, last.ID, changes)
		}
	case Unlock:
		var counts []failureCount
		if counts, err = r.failureCounts(ctx, found, changes.At); err == nil && len(waits(counts, changes.At)) > 0 {
			changes.add(SettleCounts{Reset: keysOf(counts)})
			done, err = true, r.store.Apply(ctx, changes)
		}
	case ResetMFA:
		changes.add(EndSessions{}, SettleCounts{Reset: r.failureKeys(user, secondFactors...)})
		done, err = r.store.RemoveFactors(ctx, user, changes)
	case RemoveFactor:
		done, err = r.removeFactor(ctx, act, &changes)
	case EndPassword:
		changes.add(EndSessions{}, EndEmailEnrolment{}, SettleCounts{Reset: r.failureKeys(user, Password)})
		done, err = r.store.ReplacePassword(ctx, user, "", changes)
	case MustChangePassword:
		changes.add(ForgetDevices{})
		done, err = r.store.ReplaceMustChange(ctx, user, changes)
	case SignOutEverywhere:
		changes.add(EndSessions{})
		done, err = true, r.store.Apply(ctx, changes)
	case EndOneSession:
		done, err = r.store.RemoveSessionOf(ctx, user, SessionID(act.Target), changes)
	case Disable:
		changes.add(EndSessions{}, KeepAdmin{})
		done, err = r.store.ReplaceDisabled(ctx, user, true, changes)
	case Enable:
		done, err = r.store.ReplaceDisabled(ctx, user, false, changes)
	case Delete:
		changes.add(KeepAdmin{})
		done, err = r.store.RemoveUser(ctx, user, changes)
	case EndExemption:
		done, err = r.store.RemoveMFAExemption(ctx, user, changes)
	}
	return done, r.Acted(ctx, changes, done, err)
}

// AddAccount adds an account without a password. Its owner gets an invitation, a link
// to set one (PW-13), and not a code: strangers could use up the requests for codes.
func (r *Rules) AddAccount(ctx context.Context, by Operator, address string) error {
	email, err := ParseEmail(address)
	if err != nil {
		return err
	}
	user := User{ID: UserID(newID()), Email: email, PasskeyHandle: NewPasskeyHandle()}
	changes, err := r.begin(ctx, by, RoleAdmin, user.ID)
	if err != nil {
		return err
	}
	changes.add(AddUser{User: user, CreatedAt: changes.At}, SettleCounts{Reset: r.mailedCodeKeys(email, mailedCodes...)})
	if err := r.recordAct(ctx, &changes, by, Event{Type: OperatorAdded}); err != nil {
		return err
	}
	r.addInvitation(&changes, by, email)
	return operated(r.apply(ctx, changes))
}
