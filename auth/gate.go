package auth

import (
	"context"
	"time"
)

// gate is where every way in ends: it decides what is still owed, and only
// where nothing is does a session begin. q was answered right just now.
func (r *Rules) gate(ctx context.Context, q question, a Attempt, grant *Grant, now time.Time) (Pass, error) {
	if a.Step() == StepDone {
		grant.EndAttempt = a.Handle
		return r.begin(ctx, q, a, grant, now)
	}
	pass := Pass{Next: a.Next}
	if a.Handle != "" {
		grant.Proof = &NewProof{Attempt: a.Handle, Proof: a.Proved[len(a.Proved)-1]}
		return pass, nil
	}
	// The first proof: from here on the attempt has a handle, and it is a new one (SE-02).
	pass.Attempt = NewHandle()
	a.Handle, a.ExpiresAt = pass.Attempt.Hash(), now.Add(AttemptLifetime)
	if m := a.Method(); a.Step() == StepSecond && m.Kind == PhoneCode {
		if err := r.owePhoneCode(ctx, q.visitor, a, m.Phone, grant, now); err != nil && !isProblem(err) {
			return Pass{}, err // a code asked for too soon is no reason to stop: the page offers another
		}
	}
	grant.Attempt = &a
	return pass, nil
}

// begin is what a finished attempt leads to: a session that begins, with its
// account at sign-up, or one that has proved anew what it had proved before.
func (r *Rules) begin(ctx context.Context, q question, a Attempt, grant *Grant, now time.Time) (Pass, error) {
	pass := Pass{Session: NewHandle(), Next: a.Next}
	event := Event{User: a.User, What: SignedIn, Kind: a.Proved[len(a.Proved)-1].Kind}
	if a.Purpose == Reverification {
		first, second := a.provedAt()
		grant.Raise = &Raise{Session: a.Session, Handle: pass.Session.Hash(), FirstAt: first, SecondAt: second}
		event.What = Reverified
		return pass, r.tell(ctx, grant, q.visitor, event)
	}
	switch {
	case a.Purpose == SignUp:
		a.User = grant.newUser(a)
		event.User, event.What = a.User, SignedUp
	case !q.known:
		event.What = SignedInNewBrowser
	}
	marker := q.visitor.Marker
	if marker == "" {
		marker = NewHandle()
		pass.Browser = marker
	}
	grant.Browser = &KnownBrowser{User: a.User, Marker: marker.Hash(), SeenAt: now}
	grant.Session = newSession(pass.Session, q.visitor, a, now)
	grant.Bare = grant.Session.SecondAt.IsZero()
	return pass, r.tell(ctx, grant, q.visitor, event)
}

// provedAt is when the first and the second factor were proved; zero for not.
func (a Attempt) provedAt() (first, second time.Time) {
	for _, p := range a.Proved {
		if p.Kind == Password || p.Kind == EmailCode {
			first = p.At
		} else {
			second = p.At
		}
	}
	return first, second
}
