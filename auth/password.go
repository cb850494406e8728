package auth

import (
	"context"
	"time"
)

// A passwordFactor is the password of an account.
type passwordFactor struct {
	user  UserID
	hash  string // PHC string; empty if there is no account or it is disabled
	field string // of the form; empty at sign-in
}

func (f passwordFactor) kind() FactorKind     { return Password }
func (f passwordFactor) alreadySpent() Reason { return InvalidCredentials }

func (f passwordFactor) verify(ctx context.Context, r *Rules, response string, _ time.Time) (spend, error) {
	matches, weak, err := r.hasher.Check(ctx, f.hash, response)
	if err != nil {
		return nil, err
	}
	if !matches && f.field == "" {
		return nil, &Problem{Reason: InvalidCredentials, Field: "password"}
	}
	if !matches { // the user is signed in: there is nothing to hide
		return nil, &Problem{Reason: CurrentPasswordWrong, Field: f.field}
	}
	rehash := ""
	if weak {
		if rehash, err = r.hasher.Hash(ctx, response); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, changes ChangeSet) (bool, error) {
		return r.store.SpendPassword(ctx, f.user, f.hash, rehash, changes)
	}, nil
}

// ChangePassword sets a new password for a signed-in user who knows the current
// one (PW-11). The session continues with a new token.
func (r *Rules) ChangePassword(ctx context.Context, client Client, session Session, current, password string, endOthers bool) (Token, error) {
	now := r.now()
	token, err := r.changePassword(ctx, client, session, current, password, endOthers, now)
	if refused(err) {
		result, err := r.repeatedOr(ctx, err, passwordForm(client, current, password), now)
		return result.Session, err
	}
	return token, err
}

func (r *Rules) changePassword(ctx context.Context, client Client, session Session, current, password string, endOthers bool, now time.Time) (Token, error) {
	if err := r.allowExpulsion(ctx, now, session.ID); err != nil {
		return "", err
	}
	if current == "" {
		return "", &Problem{Reason: PasswordMissing, Field: "current"}
	}
	user, err := r.store.FindUser(ctx, session.User)
	if err != nil {
		return "", err
	}
	// Before the current password is checked: a new one that is not acceptable
	// is not a failure, and must not make the user wait.
	if err := r.checkNewPassword(password, user.Email); err != nil {
		return "", err
	}
	known, err := r.isKnownDevice(ctx, user.ID, client)
	if err != nil {
		return "", err
	}
	c := challenge{
		factor: passwordFactor{user: user.ID, hash: user.PasswordHash, field: "current"},
		user:   user.ID, client: client, known: known, counter: failureCounter(Password, string(user.ID), known),
	}
	if _, err := r.checkResponse(ctx, c, current, now); err != nil {
		return "", err
	}
	hash, err := r.newPassword(ctx, user, password)
	if err != nil {
		return "", r.refund(ctx, c, err, now)
	}
	token := r.newToken(sessionToken, passwordForm(client, current, password), now)
	changes := ChangeSet{User: user.ID, At: now}
	changes.add(ClearMustChange{})
	if endOthers {
		changes.add(EndSessions{Except: session.ID})
	} else {
		changes.add(EndAttempts{}, ForgetDevices{})
	}
	changes.add(RenewSession{Session: session.ID, TokenHash: token.Hash(), First: VerifiedFactor{Factor: Password, At: now}})
	changes.add(SettleCounts{Reset: r.failureKeys(user.ID, Password)})
	if err := r.record(ctx, &changes, client, Event{Type: PasswordChanged}); err != nil {
		return "", err
	}
	spent, err := r.store.SpendPassword(ctx, user.ID, user.PasswordHash, hash, changes)
	return token, r.conclude(ctx, changes, spent, err)
}

// newPassword checks a new password of an account and hashes it.
func (r *Rules) newPassword(ctx context.Context, user User, password string) (string, error) {
	if err := r.checkNewPassword(password, user.Email); err != nil {
		return "", err
	}
	same, _, err := r.hasher.Check(ctx, user.PasswordHash, password)
	if err != nil {
		return "", err
	}
	if same {
		return "", &Problem{Reason: PasswordSame, Field: "password"}
	}
	return r.hasher.Hash(ctx, password)
}
