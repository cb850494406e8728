package auth

import (
	"context"
	"slices"
)

// complete decides what an attempt still owes after a correct response to c.
// All purposes end here, and a session begins only if nothing is owed.
func (r *Rules) complete(ctx context.Context, c challenge, a Attempt, changes *ChangeSet) (Result, error) {
	if a.Step() == StepDone {
		if a.TokenHash != "" {
			changes.add(EndAttempt{TokenHash: a.TokenHash})
		}
		return r.finish(ctx, c, a, changes)
	}
	result := Result{Next: a.Next}
	if a.TokenHash != "" {
		changes.add(AddVerifiedFactor{Attempt: a.TokenHash, VerifiedFactor: a.Verified[len(a.Verified)-1]})
		if a.Purpose == RecoverMFA {
			return result, r.requestRecovery(ctx, c.client, changes)
		}
		return result, nil
	}
	// After its first factor the attempt gets a token, which is a new one (SE-02).
	result.Attempt = r.newToken(attemptToken, c.posted, changes.At)
	a.TokenHash, a.ExpiresAt = result.Attempt.Hash(), changes.At.Add(AttemptLifetime)
	changes.add(AddAttempt{a})
	var err error
	switch m := a.Method(); {
	case m.Factor == PhoneCode: // an account with a method owes a second factor
		err = r.queuePhoneCode(ctx, c.client, a, m.Phone, changes)
	case a.Step() == StepEmail:
		err = r.queueAllowedRecoveryCode(ctx, c.client, a, changes)
	}
	if isProblem(err) {
		err = nil // a code requested too soon is no failure: the page offers to resend it
	}
	return result, err
}

// finish is what a complete attempt leads to: a new session, with a new account
// at sign-up, or at re-authentication a session with newly verified factors.
func (r *Rules) finish(ctx context.Context, c challenge, a Attempt, changes *ChangeSet) (Result, error) {
	result := Result{Session: r.newToken(sessionToken, c.posted, changes.At), Next: a.Next}
	event := Event{Type: SignedIn, Factor: a.Verified[len(a.Verified)-1].Factor}
	if a.Purpose == Reauthentication {
		first, second := a.verifiedFactors()
		changes.add(RenewSession{Session: a.Session, TokenHash: result.Session.Hash(), First: first, Second: second})
		event.Type = Reauthenticated
		return result, r.record(ctx, changes, c.client, event)
	}
	switch {
	case a.Purpose == SignUp:
		if _, err := r.signUpEmail(ctx, a, changes.At); err != nil {
			return Result{}, err
		}
		a.User = addUser(changes, a)
		event.Type = SignedUp
	case a.Remembered:
		event.Type = SignedInRemembered
	case !c.known:
		event.Type = SignedInNewDevice
	}
	var err error
	if result.Device, err = r.putDevice(ctx, c, a, changes); err != nil {
		return Result{}, err
	}
	session := newSession(result.Session, c.client, a, changes.At)
	changes.add(BeginSession{
		Session: session, Device: result.Device.Hash(),
		RequireNoMFA: session.MFAAt.IsZero() && !a.Remembered, RequireRemembered: a.Remembered,
	})
	return result, r.record(ctx, changes, c.client, event)
}

// verifiedFactors returns the password, or the email address at sign-up, and the
// second factor; zero for one that was not verified. A passkey that has verified its
// user is both.
func (a Attempt) verifiedFactors() (first, second VerifiedFactor) {
	for _, v := range a.Verified {
		if slices.Contains(secondFactors, v.Factor) {
			second = v
		}
		if !slices.Contains(secondFactors, v.Factor) && (v.Factor != EmailCode || first.At.IsZero()) || v.Factor == PasskeyVerified {
			first = v
		}
	}
	return first, second
}
