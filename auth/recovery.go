package auth

import (
	"context"
	"errors"
	"time"
)

// A Recovery removes the second factors of an account whose user has lost all of them,
// after a delay that the operator sets. NIST SP 800-63B-4 section 4.2 prefers saved
// recovery codes or repeated proofing, so it is off by default.
//
// It is requested after the password and confirmed by a code to the account's email
// address, so that one of them is not enough. Then the user is warned three times, at
// every email address and phone number, and the link in each message stops it. An event
// that shows that the user still has a factor stops it too, see [stopsRecovery].
//
// Its end signs nobody in. From then on sign-in needs a code to the account's email
// address after the password, until the account has a second factor again: otherwise an
// attacker who has only the password could sign in before the user does.
type Recovery struct {
	ID          string
	User        UserID
	RequestedAt time.Time
	DueAt       time.Time // when the factors are removed
	Reminded    bool      // whether the second messages were sent
	Actor       string    // account of the administrator who started it; empty for the user
	EndedAt     time.Time // zero while it is pending
	Completed   bool      // whether it has removed the factors
}

// A PendingRecovery is a row of the operator's list.
type PendingRecovery struct {
	Recovery
	Email      string // of the account
	ActorEmail string // of the administrator, while their account exists
}

// Pending reports whether the recovery can still remove the factors.
func (r Recovery) Pending() bool { return r.ID != "" && r.EndedAt.IsZero() }

// RemindAt is halfway between the request and the end.
func (r Recovery) RemindAt() time.Time { return r.RequestedAt.Add(r.DueAt.Sub(r.RequestedAt) / 2) }

// nextAt is when the user can request another one, however this one ends. An attacker
// who has the password and the mailbox would otherwise request one after another, until
// the owner no longer reads the messages. Nobody can use up the owner's request without
// the mailbox, because a recovery begins with the code.
func (r Recovery) nextAt() time.Time {
	next := r.RequestedAt.Add(RecoveryPause)
	if r.Pending() && next.Before(r.DueAt) {
		return r.DueAt
	}
	return next
}

// disputable reports whether a token can still block the account after the factors were
// removed, see [Rules.StopRecovery].
func (r Recovery) disputable(now time.Time) bool {
	return r.Completed && now.Before(r.EndedAt.Add(StopTokenLifetime))
}

// OffersRecovery reports whether users can request a recovery.
func (p Policy) OffersRecovery() bool { return p.RecoveryDelay > 0 }

// StartRecovery continues from the second step of a sign-in to a recovery: it mails a
// code to the account's email address. If the account has a role, or the last recovery
// was less than [RecoveryPause] ago, the mail says so instead of having a code. The
// response is the same: the password is not enough to learn that.
func (r *Rules) StartRecovery(ctx context.Context, client Client, token Token) (Result, error) {
	now := r.now()
	posted := submission{from: token, form: formRecovery}
	a, err := r.attempt(ctx, token, now)
	if errors.Is(err, ErrNotFound) {
		return r.repeatedForm(ctx, client, posted, now)
	}
	if err != nil {
		return Result{}, err
	}
	if !r.policy().OffersRecovery() || a.Purpose != SignIn || a.Step() != StepMFA {
		return Result{}, &Problem{Reason: FormExpired}
	}
	next := r.newToken(attemptToken, posted, now)
	changes := ChangeSet{User: a.User, At: now}
	changes.add(EndAttempt{TokenHash: a.TokenHash})
	a.Purpose, a.TokenHash = RecoverMFA, next.Hash() // with the same expiry, because the password was not verified again
	changes.add(AddAttempt{a})
	limits, err := r.queueRecoveryCode(ctx, client, a, &changes)
	if err == nil {
		err = r.allowAttempt(ctx, limits, changes)
	}
	if err != nil {
		return r.repeatedOr(ctx, formExpired(err), posted, now)
	}
	r.Applied(ctx, changes)
	return Result{Attempt: next}, nil
}

// queueRecoveryCode queues a code to the account's email address, for a recovery or for a
// sign-in after one, and returns the limits of the mail. Its page may show the delivery:
// the user has entered the password.
func (r *Rules) queueRecoveryCode(ctx context.Context, client Client, a Attempt, changes *ChangeSet) ([]RateLimit, error) {
	email, err := ParseEmail(a.Email)
	if err != nil {
		return nil, err
	}
	known, err := r.isKnownDevice(ctx, a.User, client)
	if err != nil {
		return nil, err
	}
	limits := r.mailLimits(client, email, known, string(a.User))
	if a.Purpose == SignIn {
		r.queueCode(a.TokenHash, a.Email, Message{Channel: ByEmail, Kind: MessageSignInCode}, changes)
		return limits, nil
	}
	account, err := r.store.FindAccount(ctx, a.User)
	if err != nil {
		return nil, err
	}
	last, err := r.RecoveryOf(ctx, a.User)
	if err != nil {
		return nil, err
	}
	counts := last.Pending() || last.ID != "" && plausible(last.RequestedAt, changes.At)
	if tooSoon := counts && changes.At.Before(last.nextAt()); tooSoon || account.Role != NoRole {
		r.putDecoyCode(a.TokenHash, a.Email, changes)
		m := r.notice(MessageRecoveryRefused, a.Email, client, changes.At)
		if m.Holder = a.TokenHash; account.Role == NoRole {
			m.Due = last.nextAt()
		}
		changes.add(QueueMessage{Message: m})
		return limits, nil
	}
	r.queueCode(a.TokenHash, a.Email, Message{Channel: ByEmail, Kind: MessageRecoveryCode}, changes)
	return limits, nil
}

// queueAllowedRecoveryCode is queueRecoveryCode unless a limit refuses.
func (r *Rules) queueAllowedRecoveryCode(ctx context.Context, client Client, a Attempt, changes *ChangeSet) error {
	queued := ChangeSet{User: changes.User, At: changes.At}
	limits, err := r.queueRecoveryCode(ctx, client, a, &queued)
	if err == nil {
		err = r.allow(ctx, changes.At, limits...)
	}
	if err == nil {
		changes.add(queued.Changes...)
	}
	return err
}

// requestRecovery adds the recovery of an attempt whose code was verified.
func (r *Rules) requestRecovery(ctx context.Context, client Client, changes *ChangeSet) error {
	if !r.policy().OffersRecovery() { // turned off since the attempt began
		return &Problem{Reason: FormExpired}
	}
	last := changes.At.Add(-RecoveryPause)
	return r.addRecovery(ctx, changes, client, Event{Type: RecoveryRequested}, last)
}

// delayedReset starts a recovery for a user whom an administrator helps. started is false if
// one is pending.
func (r *Rules) delayedReset(ctx context.Context, by Operator, changes ChangeSet) (started bool, err error) {
	if !r.policy().OffersRecovery() {
		return false, ErrNotFound
	}
	event := Event{Type: OperatorStartedRecovery, Actor: by.actor(), Reason: by.Reason}
	if err := r.addRecovery(ctx, &changes, by.Client, event, changes.At); err != nil {
		return false, err
	}
	err = r.apply(ctx, changes)
	return err == nil, operated(ignoreNotFound(err))
}

// addRecovery adds a recovery that e describes, if the account's last one began no later
// than lastBefore.
func (r *Rules) addRecovery(ctx context.Context, changes *ChangeSet, client Client, e Event, lastBefore time.Time) error {
	recovery := Recovery{
		ID: newID(), User: changes.User, RequestedAt: changes.At, DueAt: changes.At.Add(r.policy().RecoveryDelay), Actor: e.Actor,
	}
	changes.add(AddRecovery{Recovery: recovery, LastBefore: lastBefore})
	return r.warn(ctx, changes, client, e, recovery)
}

// warn records an event of a recovery and sends messages with a token that stops it to
// all email addresses and phone numbers of the account. An address that a pending change
// replaces is still the account's.
//
// SMS of this kind have a budget of their own. If it does not suffice, the changes fail: an
// attacker could use it up, and the phone may be the only place where they cannot read the
// message.
func (r *Rules) warn(ctx context.Context, changes *ChangeSet, client Client, e Event, recovery Recovery) error {
	factors, err := r.store.FindFactors(ctx, changes.User, changes.At)
	if err != nil {
		return err
	}
	token, kind := NewToken(), MessageKind(e.Type)
	changes.add(AddRecoveryToken{Hash: token.Hash()})
	if err := r.record(ctx, changes, client, e); err != nil {
		return err
	}
	for _, p := range factors.Phones {
		if mayCost(p.Number) || !r.allowsCountry(p.Number) {
			continue
		}
		m := r.notice(kind, p.Number, Client{}, changes.At)
		m.Channel = BySMS
		changes.add(QueueMessage{Message: m, Limits: r.limits(ActionWarn, nil), Required: true})
	}
	changes.eachMessage(kind, func(m *Message) {
		if m.Token, m.Due = token, recovery.DueAt; m.ExpiresAt.Before(recovery.DueAt) {
			m.ExpiresAt = recovery.DueAt
		}
	})
	return nil
}

// PendingRecoveries lists those that are due first.
func (r *Rules) PendingRecoveries(ctx context.Context) ([]PendingRecovery, error) {
	return r.store.FindPendingRecoveries(ctx, AccountsPage)
}
