package auth

import (
	"context"
	"errors"
	"time"
)

// ForgotPassword starts a password reset: it sends a code to the email address
// if an account has it. The response is the same otherwise (RC-01). The request
// itself changes and locks nothing.
func (r *Rules) ForgotPassword(ctx context.Context, client Client, address, next string) (Result, error) {
	now := r.now()
	email, err := ParseEmail(address)
	if err != nil {
		return Result{}, err
	}
	user, err := r.store.FindUserByEmail(ctx, email.Key)
	if ignoreNotFound(err) != nil {
		return Result{}, err
	}
	known, err := r.isKnownDevice(ctx, user.ID, client)
	if err != nil {
		return Result{}, err
	}
	if err := r.allow(ctx, now, r.limits(ActionReset, subjects{}.fromDevice(client, known, string(user.ID)))...); err != nil {
		return Result{}, err
	}
	posted := submission{from: client.FormToken, form: formReset, response: email.Key}
	if result, err := r.repeated(ctx, posted, now); !errors.Is(err, ErrNotFound) {
		return result, err
	}
	token := r.newToken(attemptToken, posted, now)
	a := Attempt{
		TokenHash: token.Hash(), Purpose: ResetPassword, User: user.ID, Email: email.Typed, Next: next,
		ExpiresAt: now.Add(AttemptLifetime),
	}
	changes := ChangeSet{User: user.ID, At: now}
	changes.add(EndOlderAttempts{Purpose: a.Purpose, Except: a.TokenHash}, AddAttempt{a})
	limits, err := r.queueResetCode(ctx, client, a, &changes)
	if err == nil {
		err = r.allowAttempt(ctx, limits, changes)
	}
	if err != nil {
		return r.repeatedOr(ctx, err, posted, now)
	}
	r.Applied(ctx, changes)
	return Result{Attempt: token}, nil
}

// queueResetCode queues a code to the account's email address, or a decoy, and returns
// the limits of the mail. Attackers can request codes until the limit of the address is
// reached, so known devices have a count of their own and the owner can still reset the
// password (RL-06).
//
// The message has no holder. Nothing is sent if there is no account, so a
// page that showed its delivery would reveal who has an account (RC-01). The page
// shows whether the email channel is stalled instead. That is derived only from
// messages with a holder, which are queued whether or not there is an account:
// from a reset's own message an attacker could see that one was queued.
func (r *Rules) queueResetCode(ctx context.Context, client Client, a Attempt, changes *ChangeSet) ([]RateLimit, error) {
	email, err := ParseEmail(a.Email)
	if err != nil {
		return nil, err
	}
	user, err := r.store.FindUserByEmail(ctx, email.Key)
	if ignoreNotFound(err) != nil {
		return nil, err
	}
	known, err := r.isKnownDevice(ctx, user.ID, client)
	if err != nil {
		return nil, err
	}
	limits := r.mailLimits(client, email, known, a.TokenHash)
	if user.ID == "" || user.Disabled {
		r.putDecoyCode(a.TokenHash, email.Typed, changes)
		changes.add(QueueMessage{Message: r.decoy(email.Typed, changes.At)})
		return limits, nil
	}
	m := r.putCode(a.TokenHash, email.Typed, Message{Channel: ByEmail, Kind: MessageResetCode}, changes)
	m.To = user.Email.Typed // the address that was verified, not the spelling entered now
	m.Holder = ""
	changes.add(QueueMessage{Message: m})
	return limits, nil
}

// SetPassword ends a reset whose code was verified, or accepts an invitation. It signs
// nobody in, removes no second factor (RC-04, RC-05), and ends every session of the
// account and a pending change of its email address. The mail about a reset lists what
// was added to the account lately. It returns the local path to redirect to after sign-in.
//
// The attempt is replaced by one that accepts nothing and shows, until it expires,
// that this form was accepted.
func (r *Rules) SetPassword(ctx context.Context, client Client, token Token, password string) (next string, err error) {
	now := r.now()
	posted := submission{from: token, form: formSetPassword, response: password}
	a, err := r.reset(ctx, token, now)
	if errors.Is(err, ErrNotFound) {
		result, err := r.repeatedForm(ctx, client, posted, now)
		return result.Next, err
	}
	if err != nil {
		return "", err
	}
	if err = r.setPassword(ctx, client, a, posted, now); refused(err) {
		_, err = r.repeatedOr(ctx, err, posted, now)
	}
	return a.Next, err
}

// reset returns the attempt of a token. The token may be that of an invitation to an account,
// which also ends with a new password.
func (r *Rules) reset(ctx context.Context, token Token, now time.Time) (Attempt, error) {
	a, err := r.attempt(ctx, token, now)
	if token == "" || !errors.Is(err, ErrNotFound) {
		return a, err
	}
	i, err := r.invitation(ctx, token.Hash(), now)
	if err == nil && i.User == "" {
		err = ErrNotFound
	}
	return Attempt{TokenHash: i.TokenHash, Purpose: invitation, User: i.User, Email: i.Email.Typed, ExpiresAt: i.ExpiresAt}, err
}

func (r *Rules) setPassword(ctx context.Context, client Client, a Attempt, posted submission, now time.Time) error {
	if a.Step() != StepNewPassword {
		return &Problem{Reason: FormExpired}
	}
	user, err := r.store.FindUser(ctx, a.User)
	if err != nil {
		return formExpired(err)
	}
	hash, err := r.newPassword(ctx, user, posted.response)
	if err != nil {
		return err
	}
	changes := ChangeSet{User: user.ID, At: now}
	if a.Purpose == invitation {
		changes.add(SpendInvitation{TokenHash: a.TokenHash})
	} else {
		changes.add(EndAttempt{TokenHash: a.TokenHash})
	}
	changes.add(EndSessions{}, EndEmailEnrolment{}, AddAttempt{Attempt{
		TokenHash: r.newToken(attemptToken, posted, now).Hash(), Purpose: passwordWasReset, User: user.ID, Next: a.Next, ExpiresAt: now.Add(RepeatWindow),
	}})
	changes.add(SettleCounts{Reset: append(r.failureKeys(user.ID, Password), r.mailedCodeKeys(user.Email, recoverEmail)...)})
	event := Event{Type: PasswordReset}
	if a.Purpose == invitation {
		event.Type = PasswordChanged
	}
	if err := r.record(ctx, &changes, client, event); err != nil {
		return err
	}
	added, err := r.addedRecently(ctx, user.ID, now)
	if err != nil {
		return err
	}
	changes.eachMessage(MessageKind(PasswordReset), func(m *Message) { m.Added = added })
	replaced, err := r.store.ReplacePassword(ctx, user.ID, hash, changes)
	return r.conclude(ctx, changes, replaced, err)
}

// addedRecently returns what an intruder may have left behind: a reset does not remove
// it, because it may be the user's own. It returns nil if there is nothing.
func (r *Rules) addedRecently(ctx context.Context, user UserID, now time.Time) (*Added, error) {
	factors, err := r.factors(ctx, user, now)
	if err != nil {
		return nil, err
	}
	since := now.Add(-AddedRecently)
	added := Added{TOTP: factors.TOTP != nil && factors.TOTP.AddedAt.After(since)}
	for _, p := range factors.Phones {
		if p.VerifiedAt.After(since) || p.ReservedAt.After(since) {
			added.Numbers = append(added.Numbers, p.Number)
		}
	}
	for _, p := range factors.Passkeys {
		if p.AddedAt.After(since) {
			added.Passkeys++
		}
	}
	added.Email, err = r.store.FindNoticeEmail(ctx, user)
	if !added.TOTP && added.Passkeys == 0 && len(added.Numbers) == 0 && added.Email == "" {
		return nil, ignoreNotFound(err)
	}
	return &added, ignoreNotFound(err)
}
