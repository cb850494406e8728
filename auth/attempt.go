package auth

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// A Purpose is what an attempt is for. A code or a proof of one purpose is
// worth nothing for another.
type Purpose string

// The purposes.
const (
	SignIn           Purpose = "sign_in"
	SignUp           Purpose = "sign_up"
	ResetPassword    Purpose = "reset_password"
	Reauthentication Purpose = "reauthentication"
)

// A VerifiedFactor is a kind of answer that was right, and when.
type VerifiedFactor struct {
	Factor FactorKind
	At     time.Time
}

// An Attempt is one person's way through a door, as facts. Nothing in it says
// which page comes next: [Attempt.Step] derives that.
type Attempt struct {
	TokenHash       string // hash of the handle; empty while nothing is proved or stored
	Purpose         Purpose
	User            UserID // zero if nobody bears the address; every later step looks the same
	Email           string // as typed
	NewPasswordHash string // sign-up: hash of the password the account will have
	Chosen          Method // the second factor the person turned to; zero for the first they have
	Verified        []VerifiedFactor
	Next            string    // local path to go to afterwards
	Session         SessionID // re-verification: the session it raises, and no other
	ExpiresAt       time.Time

	Factors Factors      // what this person has beside the password, read live
	Code    *SentCode    // the code sent for this attempt, where one is asked and still stands
	Reauth  ReauthPolicy // what the operator wants proved anew, read live
}

// A Step is what an attempt owes next; each has its page.
type Step string

// The steps, in the order in which they can be owed.
const (
	StepPassword Step = "password"
	StepEmail    Step = "email_code"
	StepSecond   Step = "second_factor"
	StepNew      Step = "new_password"
	StepDone     Step = "done"
)

// steps is the one table of the ways in. The first row of an attempt's purpose
// that is still owed is its step; with none owed it is done.
var steps = []struct {
	purpose Purpose
	step    Step
	owed    func(Attempt) bool
	asks    func(Attempt) []FactorKind // what may be proved here: Prove refuses the rest
}{
	{SignIn, StepPassword, lacks(Password), only(Password)},
	{SignIn, StepSecond, owesSecond, secondKinds},
	{SignUp, StepEmail, lacks(EmailCode), only(EmailCode)},
	{ResetPassword, StepEmail, lacks(EmailCode), only(EmailCode)},
	{ResetPassword, StepNew, always, nothing}, // until the new password ends the attempt; nobody is signed in by it (RC-05)
	{Reauthentication, StepPassword, owesFirstAgain, only(Password)},
	{Reauthentication, StepSecond, owesSecond, secondKinds},
}

// Step derives what the attempt owes.
func (a Attempt) Step() Step {
	step, _ := a.asks()
	return step
}

func (a Attempt) asks() (Step, []FactorKind) {
	for _, row := range steps {
		if row.purpose == a.Purpose && row.owed(a) {
			return row.step, row.asks(a)
		}
	}
	return StepDone, nil
}

func lacks(kind FactorKind) func(Attempt) bool {
	return func(a Attempt) bool { return !a.hasVerified(kind) }
}

func only(kind FactorKind) func(Attempt) []FactorKind {
	return func(Attempt) []FactorKind { return []FactorKind{kind} }
}

func always(Attempt) bool          { return true }
func nothing(Attempt) []FactorKind { return nil }

func (a Attempt) hasVerified(kinds ...FactorKind) bool {
	return slices.ContainsFunc(a.Verified, func(p VerifiedFactor) bool { return slices.Contains(kinds, p.Factor) })
}

// owesSecond: an account with two-step verification on owes one proof by it,
// and a backup code stands in for any of them.
func owesSecond(a Attempt) bool {
	return a.Factors.HasMFA() && !a.hasVerified(TOTPCode, PhoneCode, BackupCode)
}

// owesFirstAgain: the password is asked anew where the operator wants both
// factors, and where there is no second one to ask.
func owesFirstAgain(a Attempt) bool {
	return (a.Reauth.BothFactors || !a.Factors.HasMFA()) && !a.hasVerified(Password)
}

// secondKinds is what the second step takes: the method the person turned to,
// and a backup code at any time. It is empty where every factor is switched off
// and no backup code is left.
func secondKinds(a Attempt) []FactorKind {
	var kinds []FactorKind
	if m := a.Method(); m.Kind != "" {
		kinds = append(kinds, m.Kind)
	}
	if a.AcceptsBackupCode() {
		kinds = append(kinds, BackupCode)
	}
	return kinds
}

// AcceptsBackupCode reports whether a backup code may stand in for the factor.
func (a Attempt) AcceptsBackupCode() bool {
	return a.Factors.BackupCodes > 0 && a.Factors.Allows(BackupCode)
}

// Method is the second factor that is asked now: the one the person turned to
// while they still have it, else the first they have.
func (a Attempt) Method() Method {
	methods := a.Factors.Methods()
	for _, m := range methods {
		if m.Kind == a.Chosen.Kind && m.Phone.ID == a.Chosen.Phone.ID {
			return m
		}
	}
	if len(methods) == 0 {
		return Method{}
	}
	return methods[0]
}

// OtherMethods are the account's methods that are not asked now (HT-06).
func (a Attempt) OtherMethods() []Method {
	now := a.Method()
	return slices.DeleteFunc(a.Factors.Methods(), func(m Method) bool {
		return m.Kind == now.Kind && m.Phone.ID == now.Phone.ID
	})
}

type attemptStore interface {
	// FindAttempt reads an attempt that has not expired, with its proofs.
	FindAttempt(ctx context.Context, handle string, now time.Time) (Attempt, error)
	// AddAttempt writes an attempt that has proved nothing yet, and what comes with it.
	AddAttempt(ctx context.Context, grant ChangeSet) error
	// ReplaceMethod turns an attempt to another method, with the code that was
	// sent for it; changed is false where the attempt is over.
	ReplaceMethod(ctx context.Context, handle string, chosen Method, grant ChangeSet) (changed bool, err error)
	// RemoveAttempt ends an attempt and its code.
	RemoveAttempt(ctx context.Context, handle string) error
}

// Attempt returns the open attempt of a handle, with live factors, or
// ErrNotFound where it is over or never was.
func (r *Rules) Attempt(ctx context.Context, handle Token) (Attempt, error) {
	return r.attempt(ctx, handle, r.now())
}

func (r *Rules) attempt(ctx context.Context, handle Token, now time.Time) (Attempt, error) {
	if handle == "" {
		return Attempt{}, ErrNotFound
	}
	a, err := r.store.FindAttempt(ctx, handle.Hash(), now)
	if err != nil {
		return Attempt{}, err
	}
	if !datable(a.ExpiresAt.Add(-AttemptLifetime), now) {
		return Attempt{}, ErrNotFound
	}
	if a.Purpose == Reauthentication { // it ends with its session: one that is over is not raised from the dead
		if alive, err := r.alive(ctx, a.User, a.Session, now); err != nil || !alive {
			return Attempt{}, cmp.Or(err, ErrNotFound)
		}
	}
	if a.Factors, err = r.factors(ctx, a.User, now); err != nil {
		return Attempt{}, err
	}
	a.Reauth = r.policy.Reauth
	switch _, kinds := a.asks(); {
	case slices.Contains(kinds, PhoneCode):
		a.Code, err = r.sentCode(ctx, a.TokenHash, BySMS, now)
	case slices.Contains(kinds, EmailCode):
		a.Code, err = r.sentCode(ctx, a.TokenHash, ByEmail, now)
	}
	return a, err
}

// StartOver ends an attempt; nothing of it can be used any more.
func (r *Rules) StartOver(ctx context.Context, handle Token) error {
	if handle == "" {
		return nil
	}
	return r.store.RemoveAttempt(ctx, handle.Hash())
}
