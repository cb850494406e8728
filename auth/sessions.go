package auth

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// A SessionID names a session on pages. It opens nothing: the handle does.
type SessionID string

// A Session is somebody signed in with one browser.
type Session struct {
	ID         SessionID
	TokenHash  string // hash of the handle
	User       UserID
	Email      string    // the account's address, read with the session
	StartedAt  time.Time // the overall limit counts from here (SE-06): its beginning, or the last re-verification
	SeenAt     time.Time // the idle limit counts from here (SE-05); at most SessionTouch behind
	PasswordAt time.Time // when the password, or the address at sign-up, was proved in it
	MFAAt      time.Time // when a second factor was proved in it; zero for never

	MustChange bool // whether the account's password must be changed first, read with the session (PW-10)

	// What is told of it where the sessions of an account are listed, and read there alone.
	CreatedAt time.Time // when it began
	IP        string    // of the client at sign-in
	UserAgent string    // its own name for itself at sign-in
}

type sessionStore interface {
	// FindSessionFactors reads a session, without what is told of it, and what the
	// account has, at one moment.
	FindSessionFactors(ctx context.Context, handle string, now time.Time) (Session, Factors, error)
	// TouchSession writes when a session was last seen.
	TouchSession(ctx context.Context, id SessionID, now time.Time) error
	// FindSessions reads all sessions of an account, live or not.
	FindSessions(ctx context.Context, user UserID) ([]Session, error)
	// RemoveSession ends a session and what was under way in it.
	RemoveSession(ctx context.Context, handle string) error
	// RemoveSessionOf ends a session by its id, of that account alone.
	RemoveSessionOf(ctx context.Context, user UserID, id SessionID, grant ChangeSet) (removed bool, err error)
	// Apply writes what hangs on no condition of its own.
	Apply(ctx context.Context, grant ChangeSet) error
}

// newSession is a session of a finished attempt, with a handle of its own (SE-02).
func newSession(handle Token, visitor Visitor, a Attempt, now time.Time) *Session {
	first, second := a.verifiedAt()
	return &Session{
		ID: SessionID(newID()), TokenHash: handle.Hash(), User: a.User, Email: a.Email,
		CreatedAt: now, StartedAt: now, SeenAt: now, PasswordAt: first, MFAAt: second,
		IP: visitor.ip(), UserAgent: cutBrowser(visitor.UserAgent),
	}
}

// Session returns the session of a handle while its limits allow, or
// ErrNotFound. It writes at most once a minute.
func (r *Rules) Session(ctx context.Context, handle Token) (Session, error) {
	s, _, err := r.SessionAndFactors(ctx, handle)
	return s, err
}

// SessionAndFactors is [Rules.Session] with what the account has.
func (r *Rules) SessionAndFactors(ctx context.Context, handle Token) (Session, Factors, error) {
	now := r.now()
	s, f, err := r.visit(ctx, handle, now)
	if err == nil && now.Sub(s.SeenAt) >= SessionTouchInterval {
		err = r.store.TouchSession(ctx, s.ID, now)
	}
	return s, f, err
}

// PeekSession is [Rules.SessionAndFactors] for the page that warns of the idle limit:
// looking at that page is no sign that somebody is there.
func (r *Rules) PeekSession(ctx context.Context, handle Token) (Session, Factors, error) {
	return r.visit(ctx, handle, r.now())
}

func (r *Rules) visit(ctx context.Context, handle Token, now time.Time) (Session, Factors, error) {
	if handle == "" {
		return Session{}, Factors{}, ErrNotFound
	}
	s, f, err := r.store.FindSessionFactors(ctx, handle.Hash(), now)
	if err != nil {
		return Session{}, Factors{}, err
	}
	if r.over(s, now) {
		return Session{}, Factors{}, ErrNotFound
	}
	return s, r.allowing(f), nil
}

// over reports whether a session is past its limits, or dated so that nobody
// knows.
func (r *Rules) over(s Session, now time.Time) bool {
	return r.ends(s).Before(now) || !datable(s.StartedAt, now) || !datable(s.SeenAt, now)
}

// alive reports whether an account has a session that is within its limits.
func (r *Rules) alive(ctx context.Context, user UserID, id SessionID, now time.Time) (bool, error) {
	all, err := r.store.FindSessions(ctx, user)
	return slices.ContainsFunc(all, func(s Session) bool { return s.ID == id && !r.over(s, now) }), err
}

// ends is when a session ends if nothing more is heard of it.
func (r *Rules) ends(s Session) time.Time {
	idle, overall := r.limitsOf(s)
	if overall.Before(idle) {
		return overall
	}
	return idle
}

func (r *Rules) limitsOf(s Session) (idle, overall time.Time) {
	return s.SeenAt.Add(r.policy.SessionIdle), s.StartedAt.Add(r.policy.SessionLifetime)
}

// IdleExpiry is when a session ends if nothing more is heard of it, for the page
// that warns (AX-10). extends is false where the overall limit comes first:
// staying there changes nothing, only signing in or verifying anew does.
func (r *Rules) IdleExpiry(s Session) (at time.Time, extends bool) {
	idle, overall := r.limitsOf(s)
	return r.ends(s), idle.Before(overall)
}

// Sessions lists an account's live sessions: this one first, then the others,
// the last seen first.
func (r *Rules) Sessions(ctx context.Context, session Session) ([]Session, error) {
	now := r.now()
	all, err := r.store.FindSessions(ctx, session.User)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s Session) bool { return r.over(s, now) })
	slices.SortFunc(all, func(a, b Session) int {
		if here := (a.ID == session.ID); here != (b.ID == session.ID) {
			if here {
				return -1
			}
			return 1
		}
		return b.SeenAt.Compare(a.SeenAt)
	})
	return all, nil
}

// EndSession ends another session of the account; somebody else's is not found.
func (r *Rules) EndSession(ctx context.Context, visitor Visitor, session Session, id SessionID) error {
	now := r.now()
	grant := ChangeSet{At: now}
	if err := r.record(ctx, &grant, visitor, Event{User: session.User, Type: SessionEnded}); err != nil {
		return err
	}
	removed, err := r.store.RemoveSessionOf(ctx, session.User, id, grant)
	if err == nil && !removed {
		err = ErrNotFound
	}
	return err
}

// EndOtherSessions ends every session of the account but this one.
func (r *Rules) EndOtherSessions(ctx context.Context, visitor Visitor, session Session) error {
	grant := ChangeSet{At: r.now(), EndSessions: &EndSessions{User: session.User, Except: session.ID}}
	if err := r.record(ctx, &grant, visitor, Event{User: session.User, Type: SessionsEnded}); err != nil {
		return err
	}
	return r.store.Apply(ctx, grant)
}

// SignOut ends the session of a handle on the server (SE-07).
func (r *Rules) SignOut(ctx context.Context, handle Token) error {
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
