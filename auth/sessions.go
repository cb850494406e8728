package auth

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// A SessionID names a session on pages. It authenticates nothing: the token does.
type SessionID string

// A Session is a user signed in with one browser.
type Session struct {
	ID         SessionID
	TokenHash  string
	User       UserID
	Email      string      // the account's sign-in address, read with the session
	Name       string      // its display name, read with the session; empty for none
	Role       Role        // its role, read with the session
	MFA        MFADeadline // of the account, read with the session
	StartedAt  time.Time   // of the overall limit (SE-06): sign-in or the last re-authentication
	SeenAt     time.Time   // of the idle limit (SE-05); at most SessionTouchInterval late
	PasswordAt time.Time   // when the password, or the email address at sign-up, was verified
	FirstKind  FactorKind  // which of them, or a passkey that has verified its user
	MFAAt      time.Time   // when a second factor was verified or added; zero for never
	SecondKind FactorKind  // which one; empty if it was added without being verified in this session

	FirstSyncable, SecondSyncable bool // for a passkey: whether it may be synced to other devices

	Next       string // local path to continue at when the pending task is done; empty for none
	MustChange bool   // the password must be changed first, read with the session (PW-10)

	// Fields of the session list, only read there.
	CreatedAt time.Time // when the user signed in
	IP        string    // of the client at sign-in
	UserAgent string    // of the client at sign-in
}

// newSession is the session of a complete attempt, with a new token (SE-02).
func newSession(token Token, client Client, a Attempt, now time.Time) Session {
	first, second := a.verifiedFactors()
	return Session{
		ID: SessionID(newID()), TokenHash: token.Hash(), User: a.User, Email: a.Email,
		CreatedAt: now, StartedAt: now, SeenAt: now, PasswordAt: first.At, FirstKind: first.Factor,
		MFAAt: second.At, SecondKind: second.Factor, FirstSyncable: first.Syncable, SecondSyncable: second.Syncable,
		IP: client.ip(), UserAgent: cutUserAgent(client.UserAgent),
	}
}

// Session returns the session of a token, or [ErrNotFound] if it has expired. It
// writes at most once a minute.
func (r *Rules) Session(ctx context.Context, token Token) (Session, error) {
	s, _, err := r.SessionAndFactors(ctx, token)
	return s, err
}

// SessionAndFactors is [Rules.Session] with the account's factors.
func (r *Rules) SessionAndFactors(ctx context.Context, token Token) (Session, Factors, error) {
	now := r.now()
	s, f, err := r.session(ctx, token, now)
	if err == nil && now.Sub(s.SeenAt) >= SessionTouchInterval {
		s.SeenAt, err = now, r.store.TouchSession(ctx, s.User, s.ID, now)
	}
	return s, f, err
}

// PeekSession is [Rules.SessionAndFactors] for the page that warns of the idle
// limit: requesting that page is no activity.
func (r *Rules) PeekSession(ctx context.Context, token Token) (Session, Factors, error) {
	return r.session(ctx, token, r.now())
}

func (r *Rules) session(ctx context.Context, token Token, now time.Time) (Session, Factors, error) {
	if token == "" {
		return Session{}, Factors{}, ErrNotFound
	}
	s, f, err := r.store.FindSessionFactors(ctx, token.Hash(), now)
	if err != nil {
		return Session{}, Factors{}, err
	}
	if r.expired(s, now) {
		return Session{}, Factors{}, ErrNotFound
	}
	return s, r.withPolicy(f), nil
}

// expired reports whether a session is past its limits or has an implausible
// timestamp.
func (r *Rules) expired(s Session, now time.Time) bool {
	expiry, _ := r.IdleExpiry(s)
	return expiry.Before(now) || !plausible(s.StartedAt, now) || !plausible(s.SeenAt, now)
}

// SessionBounds are the bounds of the times of a session that has not expired, for
// queries about sessions.
type SessionBounds struct {
	SeenFrom, StartedFrom time.Time
	Until                 time.Time // nothing is valid that is dated later
}

// SessionBounds returns the bounds at a time.
func (r *Rules) SessionBounds(now time.Time) SessionBounds {
	return SessionBounds{
		SeenFrom: now.Add(-r.policy().SessionIdle), StartedFrom: now.Add(-r.policy().SessionLifetime), Until: now.Add(ClockSkew),
	}
}

// isOpen reports whether an account has a session that has not expired.
func (r *Rules) isOpen(ctx context.Context, user UserID, id SessionID, now time.Time) (bool, error) {
	all, err := r.store.FindSessions(ctx, user)
	return slices.ContainsFunc(all, func(s Session) bool { return s.ID == id && !r.expired(s, now) }), err
}

// IdleExpiry is when a session expires without further activity, for the page
// that warns of it (AX-10). extends is false if the overall limit comes first:
// activity does not extend that, only signing in or re-authentication does.
func (r *Rules) IdleExpiry(s Session) (at time.Time, extends bool) {
	idle, overall := s.SeenAt.Add(r.policy().SessionIdle), s.StartedAt.Add(r.policy().SessionLifetime)
	if overall.Before(idle) {
		return overall, false
	}
	return idle, idle.Before(overall)
}

// Sessions lists an account's sessions: this one first, then the others, the
// last seen first.
func (r *Rules) Sessions(ctx context.Context, session Session) ([]Session, error) {
	all, err := r.openSessions(ctx, session.User, r.now())
	if here := slices.IndexFunc(all, func(s Session) bool { return s.ID == session.ID }); here > 0 {
		current := all[here]
		copy(all[1:], all[:here])
		all[0] = current
	}
	return all, err
}

// openSessions lists the sessions that have not expired, the last seen first.
func (r *Rules) openSessions(ctx context.Context, user UserID, now time.Time) ([]Session, error) {
	all, err := r.store.FindSessions(ctx, user)
	all = slices.DeleteFunc(all, func(s Session) bool { return r.expired(s, now) })
	slices.SortFunc(all, func(a, b Session) int { return b.SeenAt.Compare(a.SeenAt) })
	return all, err
}

// EndSession ends another session of the account. It returns [ErrNotFound] if
// the session is not the account's.
func (r *Rules) EndSession(ctx context.Context, client Client, session Session, id SessionID) error {
	now := r.now()
	if err := r.allowExpulsion(ctx, now, session.ID); err != nil {
		return err
	}
	changes := ChangeSet{User: session.User, At: now}
	if err := r.record(ctx, &changes, client, Event{Type: SessionEnded}); err != nil {
		return err
	}
	removed, err := r.store.RemoveSessionOf(ctx, session.User, id, changes)
	if err == nil && !removed {
		err = ErrNotFound
	}
	return r.conclude(ctx, changes, true, err)
}

// EndOtherSessions ends every session of the account but this one.
func (r *Rules) EndOtherSessions(ctx context.Context, client Client, session Session) error {
	now := r.now()
	if err := r.allowExpulsion(ctx, now, session.ID); err != nil {
		return err
	}
	changes := ChangeSet{User: session.User, At: now}
	changes.add(EndSessions{Except: session.ID})
	if err := r.record(ctx, &changes, client, Event{Type: SessionsEnded}); err != nil {
		return err
	}
	return r.apply(ctx, changes)
}

// SignOut ends the session of a token on the server (SE-07).
func (r *Rules) SignOut(ctx context.Context, token Token) error {
	if token == "" {
		return nil
	}
	return r.store.RemoveSession(ctx, token.Hash(), r.now())
}

// newID returns 128 random bits or more, fit for a URL.
func newID() string { return strings.ToLower(rand.Text()) }

// cutUserAgent bounds what a client says about itself.
func cutUserAgent(s string) string {
	const max = 300 // bytes; the longest names of real browsers have about 250
	s = strings.ToValidUTF8(s, "")
	return strings.ToValidUTF8(s[:min(len(s), max)], "")
}
