package auth

import (
	"context"
	"errors"
	"time"
)

// A User is an account.
type User struct {
	ID           UserID
	Email        Email
	PasswordHash string // PHC string
	Disabled     bool   // by the operator: signs in no more, and is answered like a wrong password
}

// A NewUser is an account that begins, with an address that was proved.
type NewUser struct {
	User
	CreatedAt time.Time
}

type signInStore interface {
	// FindUserByEmail finds an account by the key of its address.
	FindUserByEmail(ctx context.Context, emailKey string) (User, error)
	// SpendPassword writes a grant on condition that the account still has this
	// password hash, so that what a change of password ended does not begin
	// again; rehash takes its place unless it is empty.
	SpendPassword(ctx context.Context, user UserID, hash, rehash string, grant ChangeSet) (spent bool, err error)
}

// SignIn proves an address and a password. With nothing else owed a session
// begins; else an attempt goes on to the second factor. An address nobody
// bears, a wrong password and a waiting account are answered alike, after the
// same work (FF-03, FF-04).
func (r *Rules) SignIn(ctx context.Context, visitor Visitor, address, password, next string) (Result, error) {
	now := r.now()
	email, err := ParseEmail(address)
	if err != nil {
		return Result{}, err
	}
	if password == "" {
		return Result{}, &Problem{Reason: PasswordMissing, Field: "password"}
	}
	if err := r.allow(ctx, now, r.limits(ActionSignIn, subjects{}.from(visitor))...); err != nil {
		return Result{}, err
	}
	user, err := r.store.FindUserByEmail(ctx, email.Key)
	if notMissing(err) != nil {
		return Result{}, err
	}
	known, err := r.knowsBrowser(ctx, user.ID, visitor)
	if err != nil {
		return Result{}, err
	}
	a := Attempt{Purpose: SignIn, User: user.ID, Email: user.Email.Typed, Next: next}
	if a.Factors, err = r.factors(ctx, user.ID, now); err != nil {
		return Result{}, err
	}
	account := string(user.ID)
	if account == "" {
		account = email.Key
	}
	q := question{
		kind: Password, user: user.ID, visitor: visitor, known: known, hash: user.PasswordHash,
		brake: brakeName(Password, account, known),
	}
	if user.Disabled {
		q.hash = ""
	}
	return r.verifyAttempt(ctx, visitor, a, q, password, now)
}

func (r *Rules) verifyPassword(ctx context.Context, q question, answer string, _ time.Time) (spend, error) {
	matches, weak, err := r.hasher.Check(ctx, q.hash, answer)
	if err != nil {
		return nil, err
	}
	if !matches && q.holder == "" {
		return nil, &Problem{Reason: InvalidCredentials}
	}
	if !matches { // somebody who is known already: no need to be vague
		return nil, &Problem{Reason: CurrentPasswordWrong, Field: q.field}
	}
	rehash := ""
	if weak {
		if rehash, err = r.hasher.Hash(ctx, answer); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, grant ChangeSet) (bool, error) {
		return r.store.SpendPassword(ctx, q.user, q.hash, rehash, grant)
	}, nil
}

// ChooseMethod turns an attempt to another of the account's methods. For a phone a
// code is sent there.
func (r *Rules) ChooseMethod(ctx context.Context, visitor Visitor, handle Token, kind FactorKind, phone PhoneID) error {
	now := r.now()
	a, err := r.secondStep(ctx, handle, now)
	if err != nil {
		return err
	}
	for _, m := range a.Factors.Methods() {
		if m.Kind != kind || m.Phone.ID != phone {
			continue
		}
		grant := ChangeSet{At: now}
		if kind == PhoneCode {
			if err := r.owePhoneCode(ctx, visitor, a, m.Phone, &grant, now); err != nil {
				return err
			}
		}
		return r.choose(ctx, a, m, grant)
	}
	return &Problem{Reason: UnknownMethod}
}

// ResendCode sends a new code for an attempt: to the phone it asks, or by mail
// at sign-up. The new one cancels the old one and the count of failures goes on (SM-06).
func (r *Rules) ResendCode(ctx context.Context, visitor Visitor, handle Token) error {
	now := r.now()
	a, err := r.attempt(ctx, handle, now)
	if err != nil {
		return formExpired(err)
	}
	grant := ChangeSet{At: now}
	m := a.Method()
	switch {
	case a.Step() == StepEmail:
		err = mailCodes[a.Purpose](r, ctx, visitor, a, &grant, now)
	case a.Step() == StepSecond && m.Kind == PhoneCode:
		err = r.owePhoneCode(ctx, visitor, a, m.Phone, &grant, now)
	default:
		err = &Problem{Reason: FormExpired}
	}
	if err != nil {
		return err
	}
	return r.choose(ctx, a, m, grant)
}

func (r *Rules) choose(ctx context.Context, a Attempt, m Method, grant ChangeSet) error {
	changed, err := r.store.ReplaceMethod(ctx, a.TokenHash, m, grant)
	return r.changed(ctx, changed, err, grant)
}

// secondStep is the attempt of a handle, which must be at its second factor.
func (r *Rules) secondStep(ctx context.Context, handle Token, now time.Time) (Attempt, error) {
	a, err := r.attempt(ctx, handle, now)
	if err != nil {
		return a, formExpired(err)
	}
	if a.Step() != StepSecond {
		return a, &Problem{Reason: FormExpired}
	}
	return a, nil
}

// formExpired turns "not found" into the problem that the form's step is over.
func formExpired(err error) error {
	if errors.Is(err, ErrNotFound) {
		return &Problem{Reason: FormExpired}
	}
	return err
}

func isProblem(err error) bool {
	var p *Problem
	return errors.As(err, &p)
}
