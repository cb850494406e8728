package auth

import (
	"context"
	"errors"
	"time"
)

// SignUp starts an account: the password is judged and hashed, and a code goes
// to the address. No account exists before that code is proved (FF-05). For a
// taken address everything looks and costs the same, but its owner gets a mail
// saying so and no code opens anything (FF-03).
func (r *Rules) SignUp(ctx context.Context, visitor Visitor, address, password string) (Result, error) {
	now := r.now()
	if !r.policy.SignUpOpen {
		return Result{}, &Problem{Reason: SignUpClosed}
	}
	email, err := ParseEmail(address)
	if err != nil {
		return Result{}, err
	}
	if err := r.checkNewPassword(password, email); err != nil {
		return Result{}, err
	}
	if err := r.allow(ctx, now, r.limits(ActionSignUp, subjects{}.from(visitor))...); err != nil {
		return Result{}, err
	}
	handle := NewToken()
	a := Attempt{TokenHash: handle.Hash(), Purpose: SignUp, Email: email.Typed, ExpiresAt: now.Add(AttemptLifetime)}
	grant := ChangeSet{At: now, Attempt: &a}
	if a.NewPasswordHash, err = r.hasher.Hash(ctx, password); err != nil { // before a code counts as sent: it may be too busy
		return Result{}, err
	}
	if err := r.oweSignUpCode(ctx, visitor, a, &grant, now); err != nil {
		return Result{}, err
	}
	if err := r.store.AddAttempt(ctx, grant); err != nil {
		return Result{}, err
	}
	r.applied(ctx, grant)
	return Result{Attempt: handle}, nil
}

// mailCodes are what is mailed at the step that proves an address.
var mailCodes = map[Purpose]func(r *Rules, ctx context.Context, visitor Visitor, a Attempt, grant *ChangeSet, now time.Time) error{
	SignUp:        (*Rules).oweSignUpCode,
	ResetPassword: (*Rules).oweResetCode,
}

// oweSignUpCode puts a code for an attempt's address into a grant or, where the
// address is taken, a code that nobody is told and a mail to the owner.
func (r *Rules) oweSignUpCode(ctx context.Context, visitor Visitor, a Attempt, grant *ChangeSet, now time.Time) error {
	email, err := ParseEmail(a.Email)
	if err != nil {
		return err
	}
	if err := r.allowSending(ctx, visitor, now, email.Key, a.TokenHash); err != nil {
		return err
	}
	_, err = r.store.FindUserByEmail(ctx, email.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		r.oweCode(a.TokenHash, email.Typed, Message{Channel: ByEmail, Kind: MessageSignUpCode}, grant, now)
	case err == nil:
		r.oweTaken(a.TokenHash, email.Typed, grant, now)
	default:
		return err
	}
	return nil
}

// newUser puts the account of a finished sign-up into the grant.
func (g *ChangeSet) newUser(a Attempt) UserID {
	email, _ := ParseEmail(a.Email) // it was read when the attempt began
	id := UserID(newID())
	g.NewUser = &NewUser{User: User{ID: id, Email: email, PasswordHash: a.NewPasswordHash}, CreatedAt: g.At}
	return id
}
