package auth

import (
	"context"
	"time"
)

// complete is where every way in ends: it decides what is still owed, and only
// where nothing is does a session begin. q was answered right just now.
func (r *Rules) complete(ctx context.Context, q question, a Attempt, grant *ChangeSet, now time.Time) (Result, error) {
	if a.Step() == StepDone {
		grant.EndAttempt = a.TokenHash
		return r.finish(ctx, q, a, grant, now)
	}
	pass := Result{Next: a.Next}
	if a.TokenHash != "" {
		grant.Verified = &AddVerifiedFactor{Attempt: a.TokenHash, VerifiedFactor: a.Verified[len(a.Verified)-1]}
		return pass, nil
	}
	// The first proof: from here on the attempt has a handle, and it is a new one (SE-02).
	pass.Attempt = NewToken()
	a.TokenHash, a.ExpiresAt = pass.Attempt.Hash(), now.Add(AttemptLifetime)
	if m := a.Method(); a.Step() == StepSecond && m.Kind == PhoneCode {
		if err := r.owePhoneCode(ctx, q.visitor, a, m.Phone, grant, now); err != nil && !isProblem(err) {
			return Result{}, err // a code asked for too soon is no reason to stop: the page offers another
		}
	}
	grant.Attempt = &a
	return pass, nil
}

// finish is what a finished attempt leads to: a session that begins, with its
// account at sign-up, or one that has proved anew what it had proved before.
func (r *Rules) finish(ctx context.Context, q question, a Attempt, grant *ChangeSet, now time.Time) (Result, error) {
	pass := Result{Session: NewToken(), Next: a.Next}
	event := Event{User: a.User, Type: SignedIn, Factor: a.Verified[len(a.Verified)-1].Factor}
	if a.Purpose == Reauthentication {
		first, second := a.verifiedAt()
		grant.RenewSession = &RenewSession{Session: a.Session, TokenHash: pass.Session.Hash(), PasswordAt: first, MFAAt: second}
		event.Type = Reauthenticated
		return pass, r.record(ctx, grant, q.visitor, event)
	}
	switch {
	case a.Purpose == SignUp:
		a.User = grant.newUser(a)
		event.User, event.Type = a.User, SignedUp
	case !q.known:
		event.Type = SignedInNewDevice
	}
	marker := q.visitor.DeviceToken
	if marker == "" {
		marker = NewToken()
		pass.Device = marker
	}
	grant.Device = &KnownDevice{User: a.User, TokenHash: marker.Hash(), SeenAt: now}
	grant.Session = newSession(pass.Session, q.visitor, a, now)
	grant.Bare = grant.Session.MFAAt.IsZero()
	return pass, r.record(ctx, grant, q.visitor, event)
}

// verifiedAt is when the first and the second factor were proved; zero for not.
func (a Attempt) verifiedAt() (first, second time.Time) {
	for _, p := range a.Verified {
		if p.Factor == Password || p.Factor == EmailCode {
			first = p.At
		} else {
			second = p.At
		}
	}
	return first, second
}
