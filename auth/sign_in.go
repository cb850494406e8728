package auth

import (
	"cmp"
	"context"
	"time"
)

// A User is an account.
type User struct {
	ID            UserID
	Email         Email
	Name          string    // display name; empty for none
	PasswordHash  string    // PHC string
	PasskeyHandle string    // names the account to authenticators: random, and not its id, which it must not reveal (PK-11)
	Disabled      bool      // by the operator: sign-in fails as with a wrong password
	UpdatedAt     time.Time // when the email address or the name was last changed
}

// SignIn verifies an email address and a password. It begins a session if
// nothing else is owed, otherwise an attempt that goes on to the second factor.
// An unknown address, a wrong password and a disabled account get the same
// response after the same work (FF-03, FF-04).
func (r *Rules) SignIn(ctx context.Context, client Client, address, password, next string) (Result, error) {
	now := r.now()
	email, err := ParseEmail(address)
	if err != nil {
		return Result{}, err
	}
	if password == "" {
		return Result{}, &Problem{Reason: PasswordMissing, Field: "password"}
	}
	user, err := r.store.FindUserByEmail(ctx, email.Key)
	if ignoreNotFound(err) != nil {
		return Result{}, err
	}
	device, err := r.knownDevice(ctx, user.ID, client)
	if err != nil {
		return Result{}, err
	}
	known := device.ID != ""
	if err := r.allow(ctx, now, r.limits(ActionSignIn, subjects{}.fromDevice(client, known, string(user.ID)))...); err != nil {
		return Result{}, err
	}
	a := Attempt{Purpose: SignIn, User: user.ID, Email: cmp.Or(user.Email.Typed, email.Typed), Next: next}
	if a.Factors, err = r.factors(ctx, user.ID, now); err != nil {
		return Result{}, err
	}
	a.Remembered = a.Factors.HasMFA() && r.remembered(device, now)
	account := string(user.ID)
	if account == "" {
		account = email.Key
	}
	hash := user.PasswordHash
	if user.Disabled {
		hash = ""
	}
	c := challenge{
		factor: passwordFactor{user: user.ID, hash: hash}, user: user.ID, client: client, known: known,
		counter: failureCounter(Password, account, known),
		posted:  submission{from: client.FormToken, device: client.DeviceToken, form: formSignIn, response: email.Key + "\x00" + password},
	}
	return r.verifyAttempt(ctx, a, c, password, now)
}

// ChooseMethod selects another of the account's methods for an attempt and, for
// a phone, sends a code to it.
func (r *Rules) ChooseMethod(ctx context.Context, client Client, token Token, kind FactorKind, phone PhoneID) error {
	now := r.now()
	a, err := r.attempt(ctx, token, now)
	if err != nil {
		return formExpired(err)
	}
	if a.Step() != StepMFA {
		return &Problem{Reason: FormExpired}
	}
	for _, m := range a.Factors.Methods() {
		if m.Factor != kind || m.Phone.ID != phone {
			continue
		}
		changes := ChangeSet{User: a.User, At: now}
		if kind == PhoneCode {
			if err := r.queuePhoneCode(ctx, client, a, m.Phone, &changes); err != nil {
				return err
			}
		}
		return r.replaceMethod(ctx, a, m, changes)
	}
	return &Problem{Reason: UnknownMethod}
}

// ResendCode sends a new code for an attempt, by SMS or email. It cancels the
// old code but does not reset the count of failures (SM-06).
func (r *Rules) ResendCode(ctx context.Context, client Client, token Token) error {
	now := r.now()
	a, err := r.attempt(ctx, token, now)
	if err != nil {
		return formExpired(err)
	}
	changes := ChangeSet{User: a.User, At: now}
	m := a.Method()
	var limits []RateLimit
	switch {
	case a.Step() == StepEmail && a.Purpose == SignUp:
		limits, err = r.queueSignUpCode(ctx, client, a, &changes)
	case a.Step() == StepEmail && (a.Purpose == SignIn || a.Purpose == RecoverMFA):
		limits, err = r.queueRecoveryCode(ctx, client, a, &changes)
	case a.Step() == StepEmail:
		limits, err = r.queueResetCode(ctx, client, a, &changes)
	case a.Step() == StepMFA && m.Factor == PhoneCode:
		err = r.queuePhoneCode(ctx, client, a, m.Phone, &changes)
	default:
		err = &Problem{Reason: FormExpired}
	}
	if err == nil {
		err = r.allow(ctx, now, limits...)
	}
	if err != nil {
		return err
	}
	return r.replaceMethod(ctx, a, m, changes)
}

func (r *Rules) replaceMethod(ctx context.Context, a Attempt, m Method, changes ChangeSet) error {
	replaced, err := r.store.ReplaceMethod(ctx, a.TokenHash, m, changes)
	return r.conclude(ctx, changes, replaced, err)
}
