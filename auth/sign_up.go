package auth

import (
	"context"
	"errors"
	"slices"
	"time"
)

// SignUp starts a sign-up: it hashes the password and sends a code to the email
// address. The account does not exist before that code is verified (FF-05). If
// the address is taken the response and its cost are the same, but the owner
// gets a notice, and no code is valid (FF-03).
func (r *Rules) SignUp(ctx context.Context, client Client, address, password, next string) (Result, error) {
	now := r.now()
	email, err := r.parseSignUpEmail(address)
	if err != nil {
		return Result{}, err
	}
	return r.startSignUp(ctx, client, Attempt{Next: next}, email, password, now)
}

// startSignUp starts a sign-up with or without an invitation.
func (r *Rules) startSignUp(ctx context.Context, client Client, a Attempt, email Email, password string, now time.Time) (_ Result, err error) {
	if err := r.checkNewPassword(password, email); err != nil {
		return Result{}, err
	}
	if err := r.allow(ctx, now, r.limits(ActionSignUp, subjects{}.from(client))...); err != nil {
		return Result{}, err
	}
	posted := submission{from: client.FormToken, form: formSignUp, response: email.Key + "\x00" + password + "\x00" + a.Invitation}
	if result, err := r.repeated(ctx, posted, now); !errors.Is(err, ErrNotFound) {
		return result, err
	}
	token := r.newToken(attemptToken, posted, now)
	a.TokenHash, a.Purpose, a.Email, a.ExpiresAt = token.Hash(), SignUp, email.Typed, now.Add(AttemptLifetime)
	if a.NewPasswordHash, err = r.hasher.Hash(ctx, password); err != nil { // may be busy, so before a code counts as sent
		return Result{}, err
	}
	changes := ChangeSet{At: now, Changes: []Change{AddAttempt{a}}}
	limits, err := r.queueSignUpCode(ctx, client, a, &changes)
	if err == nil {
		err = r.allowAttempt(ctx, limits, changes)
	}
	if err != nil {
		return r.repeatedOr(ctx, err, posted, now)
	}
	r.Applied(ctx, changes)
	return Result{Attempt: token}, nil
}

// signUpEmail parses the email address of a sign-up, which may go on as long as sign-up is open or
// its invitation is valid.
func (r *Rules) signUpEmail(ctx context.Context, a Attempt, now time.Time) (Email, error) {
	if a.Invitation == "" {
		return r.parseSignUpEmail(a.Email)
	}
	if _, err := r.invitation(ctx, a.Invitation, now); errors.Is(err, ErrNotFound) {
		return Email{}, &Problem{Reason: InvitationEnded}
	} else if err != nil {
		return Email{}, err
	}
	return ParseEmail(a.Email)
}

// parseSignUpEmail parses an email address that users may sign up with. It only
// looks at the domain, so a refusal does not show who has an account (FF-03). A
// later step checks again: the policy may have changed since the attempt began.
func (r *Rules) parseSignUpEmail(address string) (Email, error) {
	if !r.policy().SignUpOpen {
		return Email{}, &Problem{Reason: SignUpClosed}
	}
	return r.parseSignInEmail(address)
}

// parseSignInEmail parses an email address that users may sign in with.
func (r *Rules) parseSignInEmail(address string) (Email, error) {
	email, err := ParseEmail(address)
	if err == nil && len(r.policy().SignUpDomains) > 0 && !slices.Contains(r.policy().SignUpDomains, email.Domain()) {
		err = &Problem{Reason: EmailDomainBlocked, Field: "email"}
	}
	return email, err
}

// queueSignUpCode queues a code to an attempt's email address or, if it is
// taken, a notice to its owner. It returns the limits of the mail.
func (r *Rules) queueSignUpCode(ctx context.Context, client Client, a Attempt, changes *ChangeSet) ([]RateLimit, error) {
	email, err := r.signUpEmail(ctx, a, changes.At)
	if err != nil {
		return nil, err
	}
	_, err = r.store.FindUserByEmail(ctx, email.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		r.queueCode(a.TokenHash, email.Typed, Message{Channel: ByEmail, Kind: MessageSignUpCode}, changes)
	case err == nil:
		r.queueEmailTaken(a.TokenHash, email.Typed, changes)
	default:
		return nil, err
	}
	return r.mailLimits(client, email, false, a.TokenHash), nil
}

// addUser adds the account of a complete sign-up, which then owns the changes.
func addUser(changes *ChangeSet, a Attempt) UserID {
	if a.Invitation != "" {
		changes.add(SpendInvitation{TokenHash: a.Invitation})
	}
	email, _ := ParseEmail(a.Email) // it was parsed when the attempt began
	changes.User = UserID(newID())
	changes.add(AddUser{User: User{ID: changes.User, Email: email, PasswordHash: a.NewPasswordHash, PasskeyHandle: NewPasskeyHandle()}, CreatedAt: changes.At})
	return changes.User
}
