package auth

import (
	"context"
	"crypto/rand"
	"strings"
	"time"
)

// A SessionID names a session on pages. It opens nothing: the handle does.
type SessionID string

// A Session is somebody signed in with one browser.
type Session struct {
	ID        SessionID
	Handle    string // hash of the handle
	User      UserID
	Email     string    // the account's address, read with the session
	StartedAt time.Time // the overall limit counts from here (SE-06)
	SeenAt    time.Time // the idle limit counts from here (SE-05); at most SessionTouch behind
	FirstAt   time.Time // when the password, or the address at sign-up, was proved in it
	SecondAt  time.Time // when a second factor was proved in it; zero for never
	Address   string    // of the client at sign-in
	Browser   string    // its own name for itself at sign-in
}

type sessionStore interface {
	// FindSession reads a session with its account's address.
	FindSession(ctx context.Context, handle string) (Session, error)
	// ReplaceSeen writes when a session was last seen.
	ReplaceSeen(ctx context.Context, id SessionID, now time.Time) error
	// RemoveSession ends a session and what was under way in it.
	RemoveSession(ctx context.Context, handle string) error
}

// newSession is a session of a finished attempt, with a handle of its own (SE-02).
func newSession(handle Handle, visitor Visitor, a Attempt, now time.Time) *Session {
	s := &Session{
		ID: SessionID(newID()), Handle: handle.Hash(), User: a.User, Email: a.Email,
		StartedAt: now, SeenAt: now, Address: visitor.Address.String(), Browser: cutBrowser(visitor.Browser),
	}
	for _, p := range a.Proved {
		if p.Kind == Password || p.Kind == EmailCode {
			s.FirstAt = p.At
		} else {
			s.SecondAt = p.At
		}
	}
	return s
}

// Session returns the session of a handle while its limits allow, or
// ErrNotFound. It writes at most once a minute.
func (r *Rules) Session(ctx context.Context, handle Handle) (Session, error) {
	if handle == "" {
		return Session{}, ErrNotFound
	}
	now := r.now()
	s, err := r.store.FindSession(ctx, handle.Hash())
	if err != nil {
		return Session{}, err
	}
	if now.Sub(s.SeenAt) > r.policy.SessionIdle || now.Sub(s.StartedAt) > r.policy.SessionLifetime {
		return Session{}, ErrNotFound
	}
	if now.Sub(s.SeenAt) >= SessionTouch {
		err = r.store.ReplaceSeen(ctx, s.ID, now)
	}
	return s, err
}

// SignOut ends the session of a handle on the server (SE-07).
func (r *Rules) SignOut(ctx context.Context, handle Handle) error {
	if handle == "" {
		return nil
	}
	return r.store.RemoveSession(ctx, handle.Hash())
}

// newID draws a name of 128 random bits or more, fit for an address of a page.
func newID() string { return strings.ToLower(rand.Text()) }

// cutBrowser bounds what a client says of itself.
func cutBrowser(s string) string {
	const most = 300 // bytes; the longest names of real browsers have about 250
	s = strings.ToValidUTF8(s, "")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}
