package auth

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// A Purpose is what an attempt is for. A code or verified factor of one purpose
// is invalid for another.
type Purpose string

// The purposes.
const (
	SignIn           Purpose = "sign_in"
	SignUp           Purpose = "sign_up"
	ResetPassword    Purpose = "reset_password"
	Reauthentication Purpose = "reauthentication"
	invitation       Purpose = "invitation"  // to an account that has no password yet; it is not stored as an attempt
	RecoverMFA       Purpose = "recover_mfa" // all second factors are lost, see [Recovery]

	passwordWasReset Purpose = "password_was_reset" // owes and accepts nothing, see [Rules.SetPassword]
)

// A VerifiedFactor is a factor with a correct response, and when that was.
type VerifiedFactor struct {
	Factor   FactorKind
	At       time.Time
	Syncable bool // a passkey that may be synced to other devices; not stored, because a passkey completes its attempt
}

// An Attempt is one user's sign-in, sign-up, password reset or
// re-authentication, as facts. It does not store which page comes next:
// [Attempt.Step] derives that.
type Attempt struct {
	TokenHash       string // empty until it is stored
	Purpose         Purpose
	User            UserID // empty if no account has the email address; no later step shows that
	Email           string // as typed
	NewPasswordHash string // sign-up: of the account to be
	Invitation      string // sign-up: hash of the token of an invitation; empty for none
	Chosen          Method // the method that the user chose; zero for the first
	Verified        []VerifiedFactor
	Next            string    // local path to redirect to when complete
	Session         SessionID // re-authentication: the session it is for
	Demand          Demand    // re-authentication: in addition to the policy
	ExpiresAt       time.Time

	Factors Factors      // of the account, read live
	Code    *SentCode    // sent for this attempt and not expired, if it asks for one
	Reauth  ReauthPolicy // of the operator, read live

	Remembered bool // sign-in: the device is remembered, so the second step is skipped; not stored
}

// A Step is what an attempt owes next. Each has a page.
type Step string

// The steps, in the order in which they can be owed.
const (
	StepPassword    Step = "password"
	StepEmail       Step = "email_code"
	StepMFA         Step = "second_factor"
	StepNewPassword Step = "new_password"
	StepRequested   Step = "requested" // a recovery: it shows when that is due
	StepDone        Step = "done"
)

// steps is the only table of what attempts owe. An attempt's step is the first
// row of its purpose that is still owed; without one it is done.
var steps = []struct {
	purpose Purpose
	step    Step
	owed    func(Attempt) bool
	accepts func(Attempt) []FactorKind // the factors that Verify accepts here
}{
	{SignIn, StepPassword, needs(firstFactors...), only(Password)}, // a passkey is both factors at once, so no attempt waits for one here
	{SignIn, StepEmail, owesEmail, only(EmailCode)},
	{SignIn, StepMFA, owesMFAHere, mfaKinds},
	{SignUp, StepEmail, needs(EmailCode), only(EmailCode)},
	{ResetPassword, StepEmail, needs(EmailCode), only(EmailCode)},
	{ResetPassword, StepNewPassword, always, nothing}, // until the new password ends the attempt: it signs nobody in (RC-05)
	{invitation, StepNewPassword, always, nothing},
	{RecoverMFA, StepPassword, needs(Password), nothing}, // it began with one
	{RecoverMFA, StepEmail, needs(EmailCode), only(EmailCode)},
	{RecoverMFA, StepRequested, always, nothing},
	{Reauthentication, StepPassword, owesFirstAgain, firstKinds},
	{Reauthentication, StepMFA, owesMFA, mfaKinds},
}

// Step derives what the attempt owes.
func (a Attempt) Step() Step {
	step, _ := a.owes()
	return step
}

// owes returns the step and the factors that it accepts.
func (a Attempt) owes() (Step, []FactorKind) {
	for _, row := range steps {
		if row.purpose == a.Purpose && row.owed(a) {
			return row.step, row.accepts(a)
		}
	}
	return StepDone, nil
}

func needs(kinds ...FactorKind) func(Attempt) bool {
	return func(a Attempt) bool { return !a.hasVerified(kinds...) }
}

func only(kind FactorKind) func(Attempt) []FactorKind {
	return func(Attempt) []FactorKind { return []FactorKind{kind} }
}

func always(Attempt) bool          { return true }
func nothing(Attempt) []FactorKind { return nil }

// hasVerified reports whether one of the factors was verified, no earlier than demanded.
func (a Attempt) hasVerified(kinds ...FactorKind) bool {
	return slices.ContainsFunc(a.Verified, func(v VerifiedFactor) bool {
		return slices.Contains(kinds, v.Factor) && !v.At.Before(a.Demand.NotBefore)
	})
}

// owesMFA: an account with a second factor owes one of them, and a backup code
// replaces any.
func owesMFA(a Attempt) bool {
	return a.Factors.HasMFA() && !a.hasVerified(secondFactors...)
}

// owesEmail: after a recovery an account owes a mailed code until it has a second factor.
func owesEmail(a Attempt) bool {
	return a.Factors.Recovered && !a.Factors.HasMFA() && !a.hasVerified(EmailCode)
}

// owesMFAHere: a remembered device owes no second factor at sign-in.
func owesMFAHere(a Attempt) bool { return owesMFA(a) && !a.Remembered }

// owesFirstAgain: re-authentication asks for the first factor if the operator
// or the demand wants both factors or the account has no second one.
func owesFirstAgain(a Attempt) bool {
	return (a.Reauth.BothFactors || a.Demand.AllFactors || !a.Factors.HasMFA()) && !a.hasVerified(firstFactors...)
}

// firstKinds: a passkey that verifies its user replaces the password.
func firstKinds(a Attempt) []FactorKind {
	if a.hasPasskey() {
		return []FactorKind{Password, PasskeyVerified}
	}
	return []FactorKind{Password}
}

// mfaKinds: the second step accepts the current method, a passkey and a backup code. That is
// none if the operator has disabled every factor and no backup code is left.
func mfaKinds(a Attempt) []FactorKind {
	var kinds []FactorKind
	if m := a.Method(); m.Factor != "" && m.Factor != PasskeyPresent {
		kinds = append(kinds, m.Factor)
	}
	if a.hasPasskey() {
		kinds = append(kinds, PasskeyPresent, PasskeyVerified)
	}
	if a.AcceptsBackupCode() {
		kinds = append(kinds, BackupCode)
	}
	return kinds
}

// AcceptsBackupCode reports whether a backup code may replace the second factor.
func (a Attempt) AcceptsBackupCode() bool {
	return a.Factors.BackupCodes > 0 && a.Factors.Allows(BackupCode)
}

// AcceptsPasskey reports whether a passkey may be used at this step.
func (a Attempt) AcceptsPasskey() bool {
	_, kinds := a.owes()
	return slices.Contains(kinds, PasskeyVerified)
}

func (a Attempt) hasPasskey() bool {
	return slices.ContainsFunc(a.Factors.Methods(), func(m Method) bool { return m.Factor == PasskeyPresent })
}

// Method is the current method: the one the user chose if the account still has
// it, otherwise the first, or a passkey if the demand needs one.
func (a Attempt) Method() Method {
	methods := a.Factors.Methods()
	for _, m := range methods {
		if m.Factor == a.Chosen.Factor && m.Phone.ID == a.Chosen.Phone.ID {
			return m
		}
	}
	switch {
	case len(methods) == 0:
		return Method{}
	case a.demandsPasskey() && a.hasPasskey():
		return Method{Factor: PasskeyPresent}
	}
	return methods[0]
}

// OtherMethods are the account's methods but the current one (HT-06), and passkeys: a
// page that accepts them has their form.
func (a Attempt) OtherMethods() []Method {
	current := a.Method()
	return slices.DeleteFunc(a.Factors.Methods(), func(m Method) bool {
		return m.Factor == PasskeyPresent || m.Factor == current.Factor && m.Phone.ID == current.Phone.ID
	})
}

// demandsPasskey: only a passkey that verifies its user meets the demand. A user who
// cannot use one may still choose another method: what was verified is then less than
// demanded, and the app that demands it decides what that leads to.
func (a Attempt) demandsPasskey() bool { return a.Demand.Level >= PhishingResistant }

// Attempt returns the open attempt of a token, with live factors, or
// [ErrNotFound] if it has ended or expired.
func (r *Rules) Attempt(ctx context.Context, token Token) (Attempt, error) {
	return r.attempt(ctx, token, r.now())
}

func (r *Rules) attempt(ctx context.Context, token Token, now time.Time) (Attempt, error) {
	if token == "" {
		return Attempt{}, ErrNotFound
	}
	a, err := r.store.FindAttempt(ctx, token.Hash(), now)
	if err != nil {
		return Attempt{}, err
	}
	if !plausible(a.ExpiresAt.Add(-AttemptLifetime), now) {
		return Attempt{}, ErrNotFound
	}
	if a.Purpose == Reauthentication { // it ends with its session: an expired session is not renewed
		if open, err := r.isOpen(ctx, a.User, a.Session, now); err != nil || !open {
			return Attempt{}, cmp.Or(err, ErrNotFound)
		}
	}
	if a.Factors, err = r.factors(ctx, a.User, now); err != nil {
		return Attempt{}, err
	}
	a.Reauth = r.policy().Reauth
	switch _, kinds := a.owes(); {
	case slices.Contains(kinds, PhoneCode):
		a.Code, err = r.sentCode(ctx, a.TokenHash, BySMS, now)
	case slices.Contains(kinds, EmailCode):
		a.Code, err = r.sentCode(ctx, a.TokenHash, ByEmail, now)
	}
	return a, err
}

// StartOver ends an attempt.
func (r *Rules) StartOver(ctx context.Context, token Token) error {
	if token == "" {
		return nil
	}
	return r.store.RemoveAttempt(ctx, token.Hash())
}
