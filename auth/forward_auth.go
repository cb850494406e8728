package auth

import (
	"context"
	"crypto/hmac"
	"time"
)

// Forward auth puts the sign-in in front of apps that know nothing of it. Each app has a
// host, and a browser has a token for each host, which opens that host only and ends
// with its session (FA-13, FA-14). The token is handed over by a code, because no cookie
// can be set for another host.

// A Handover is a one-time code with which a browser gets the token of a host.
type Handover struct {
	CodeHash  string
	Session   SessionID
	User      UserID // of the session
	Host      string
	BeginHash string // of the random value in the cookie of the browser that began (FA-12)
	Target    string // path and query to return to
	ExpiresAt time.Time

	FirstUse bool // the account has not used the host before, read with the handover
}

// A HostToken is a browser's token for one host.
type HostToken struct {
	TokenHash string
	Session   SessionID
	Host      string
}

// A HostUse is a host that an account has used.
type HostUse struct {
	Host     string
	Since    time.Time
	UsedAt   time.Time   // when a browser last got a token
	Sessions []SessionID // that have a token, expired ones too
}

// A HostSession is the session of a browser's token for a host.
type HostSession struct {
	Session
	Identity
	Factors Factors
}

// An Identity is what access rules know an account by.
type Identity struct {
	EmailKey string // see [Email]
	Groups   []string
}

// Identity returns the identity of a session's account.
func (r *Rules) Identity(ctx context.Context, session Session) (Identity, error) {
	groups, err := r.store.FindGroups(ctx, session.User)
	if err != nil {
		return Identity{}, err
	}
	return newIdentity(session, groups)
}

func newIdentity(session Session, groups []string) (Identity, error) {
	email, err := ParseEmail(session.Email)
	return Identity{EmailKey: email.Key, Groups: groups}, err
}

// HostSession returns the session of a host's token, or [ErrNotFound] if there is none
// or it has expired. Requests to apps are activity (FA-20): it writes at most once a minute.
func (r *Rules) HostSession(ctx context.Context, host string, token Token) (HostSession, error) {
	now := r.now()
	if token == "" {
		return HostSession{}, ErrNotFound
	}
	s, f, groups, err := r.store.FindHostSession(ctx, host, token.Hash(), now)
	if err == nil && r.expired(s, now) {
		err = ErrNotFound
	}
	if err != nil {
		return HostSession{}, err
	}
	identity, err := newIdentity(s, groups)
	if err != nil {
		return HostSession{}, err
	}
	if now.Sub(s.SeenAt) >= SessionTouchInterval {
		err = r.store.TouchSession(ctx, s.User, s.ID, now)
	}
	return HostSession{Session: s, Factors: r.withPolicy(f), Identity: identity}, err
}

// BeginHandover returns the code with which a browser of this session gets a token for a
// host. The caller has checked that the session may have one.
func (r *Rules) BeginHandover(ctx context.Context, session Session, host, beginHash, target string) (Token, error) {
	now := r.now()
	if err := r.allow(ctx, now, r.limits(ActionHandover, subjects{ByAccount: {string(session.User)}})...); err != nil {
		return "", err
	}
	code := NewToken()
	err := r.store.AddHandover(ctx, Handover{
		CodeHash: code.Hash(), Session: session.ID, User: session.User, Host: host,
		BeginHash: beginHash, Target: target, ExpiresAt: now.Add(HandoverLifetime),
	})
	return code, err
}

// CompleteHandover consumes a code and returns a new token for the host, and where to
// return to. The token is empty if the browser has one of the same session already, from
// another tab (FA-17).
//
// It returns [ErrNotFound] if the code is not for this host, or not for the browser that
// has the cookie: a planted link signs nobody in, and a stolen code is of no use (FA-12).
// The code is consumed then, too.
func (r *Rules) CompleteHandover(ctx context.Context, client Client, host string, code, cookie Token) (token Token, target string, err error) {
	now := r.now()
	h, err := r.store.FindHandover(ctx, code.Hash(), now)
	if err != nil {
		return "", "", err
	}
	if !plausible(h.ExpiresAt.Add(-HandoverLifetime), now) {
		return "", "", ErrNotFound
	}
	has, _, _, err := r.store.FindHostSession(ctx, h.Host, cookie.Hash(), now)
	if ignoreNotFound(err) != nil {
		return "", "", err
	}
	known := err == nil && has.ID == h.Session
	changes := ChangeSet{User: h.User, At: now}
	valid := h.Host == host && (known || hmac.Equal([]byte(h.BeginHash), []byte(cookie.Hash())))
	if valid && !known {
		token = NewToken()
		changes.add(PutHostToken{HostToken{TokenHash: token.Hash(), Session: h.Session, Host: host}}, PutHostUse{host})
		if h.FirstUse {
			if err := r.record(ctx, &changes, client, Event{Type: SignedInToApp, Name: host}); err != nil {
				return "", "", err
			}
		}
	}
	spent, err := r.store.SpendHandover(ctx, h, changes)
	if err == nil && !(spent && valid) {
		err = ErrNotFound
	}
	if err != nil {
		return "", "", err
	}
	r.Applied(ctx, changes)
	return token, h.Target, nil
}

// HostUses returns the hosts of apps that an account has used, sorted (FA-24).
func (r *Rules) HostUses(ctx context.Context, user UserID) ([]HostUse, error) {
	return r.store.FindHostUses(ctx, user)
}

// DisconnectHost ends the access of the account's browsers to a host, or returns
// [ErrNotFound] if the account has not used it. A browser that is signed in gets a new
// token when the user opens the app again: the rules decide, not the user.
func (r *Rules) DisconnectHost(ctx context.Context, client Client, session Session, host string) error {
	now := r.now()
	if err := r.allowExpulsion(ctx, now, session.ID); err != nil {
		return err
	}
	changes := ChangeSet{User: session.User, At: now}
	if err := r.record(ctx, &changes, client, Event{Type: AppDisconnected, Name: host}); err != nil {
		return err
	}
	removed, err := r.store.RemoveHostUse(ctx, session.User, host, changes)
	if err == nil && !removed {
		err = ErrNotFound
	}
	return r.conclude(ctx, changes, true, err)
}
