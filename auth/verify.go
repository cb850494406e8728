package auth

import (
	"context"
	"errors"
	"slices"
	"time"
)

// A Result is what a correct response led to: an attempt that goes on, or a
// session.
type Result struct {
	Attempt Token  // of the attempt from now on; empty if it is complete
	Session Token  // of the new session; empty if a factor is still owed
	Next    string // local path to redirect to
	Device  Token  // of the known device from now on; empty if it is unchanged

	SignedUp       bool // whether the account is new
	BackupCodeUsed bool
	BackupCodes    int // left after one was used
}

// A factor is one way to authenticate, with what it needs to check a response.
// Each has a type and a file of its own; [Rules.attemptFactor] has one row for
// each.
type factor interface {
	kind() FactorKind
	// verify checks a response, a password or the result of cleanCode, and returns
	// the write that consumes it.
	verify(ctx context.Context, r *Rules, response string, now time.Time) (spend, error)
	// alreadySpent is the reason given to the loser of a race, whose correct response
	// another request has consumed.
	alreadySpent() Reason
}

// spend consumes a response and applies changes in the same transaction. At
// most one of any number of racing callers gets true.
type spend func(ctx context.Context, changes ChangeSet) (spent bool, err error)

// A challenge asks for one factor. Attempts, enrolments and re-authentication
// issue the same challenges, so they share factors, limits and waits.
type challenge struct {
	factor
	user    UserID // for the log; empty if no account has the email address
	client  Client
	known   bool     // whether the request comes from a known device
	counter []string // by which failures are counted, see failureCounter
	posted  submission

	anonymous bool // counted before the passkey said whose it is: by IP address only
}

// challengeLimits are the rate limits that a response counts against.
func (r *Rules) challengeLimits(c challenge) []RateLimit {
	scope := ByFactor
	if c.kind() == EmailCode {
		scope = ByMailed
	}
	if c.anonymous {
		return r.limits(ActionVerify, subjects{}.from(c.client))
	}
	return r.limits(ActionVerify, subjects{scope: c.counter}.fromDevice(c.client, c.known, string(c.user)))
}

// checkResponse is the only place where a response meets a factor. It counts
// the request before it checks the response. If the server had no time to check
// it, or the client disconnected before, the request is refunded: a flood must
// not lock the factors of its victims (RL-09).
func (r *Rules) checkResponse(ctx context.Context, c challenge, response string, now time.Time) (s spend, err error) {
	if err = r.allow(ctx, now, r.challengeLimits(c)...); err == nil {
		s, err = c.verify(ctx, r, response, now)
		if unchecked(err) {
			err = r.refund(ctx, c, err, now)
		}
	}
	if p := (*Problem)(nil); errors.As(err, &p) {
		p.User = c.user
		if p.Reason == TOTPWrong {
			err = r.markRepeat(ctx, c, p)
		}
	}
	return s, err
}

// markRepeat marks a problem whose challenge has failed before: one wrong code is a slip, and
// more may have a cause. Its own failure is counted already.
func (r *Rules) markRepeat(ctx context.Context, c challenge, p *Problem) error {
	for _, limit := range r.limits(ActionVerify, subjects{ByFactor: c.counter}) {
		count, err := r.store.FindCount(ctx, limit.Key)
		if ignoreNotFound(err) != nil {
			return err
		}
		p.Repeat = count.N > 1
	}
	return p
}

// refund takes back what checkResponse counted, because of err: the response was not
// checked, or was correct and what follows it was refused.
func (r *Rules) refund(ctx context.Context, c challenge, err error, now time.Time) error {
	refund := ChangeSet{At: now, Changes: []Change{SettleCounts{Refund: limitKeys(r.challengeLimits(c))}}}
	return errors.Join(err, r.store.Apply(context.WithoutCancel(ctx), refund))
}

// unchecked reports whether an error means that the response was not checked.
func unchecked(err error) bool {
	p := (*Problem)(nil)
	return errors.As(err, &p) && p.Reason == Busy || errors.Is(err, context.Canceled)
}

// checkEnrolment checks a response of an enrolment, and returns what a correct one does to
// the counts.
func (r *Rules) checkEnrolment(ctx context.Context, c challenge, response string, now time.Time) (spend, SettleCounts, error) {
	if response = cleanCode(response); response == "" {
		return nil, SettleCounts{}, &Problem{Reason: CodeMissing, Field: "code"}
	}
	spend, err := r.checkResponse(ctx, c, response, now)
	return spend, r.settle(c), err
}

// Verify checks the response to what an attempt asks for. backup says that the
// user marked it as a backup code; one that looks like a backup code is taken
// for one too.
func (r *Rules) Verify(ctx context.Context, client Client, token Token, response string, backup bool) (Result, error) {
	now := r.now()
	posted := submission{from: token, device: client.DeviceToken, form: formVerify, response: response}
	a, err := r.attempt(ctx, token, now)
	if errors.Is(err, ErrNotFound) {
		return r.repeatedForm(ctx, client, posted, now)
	}
	if err != nil {
		return Result{}, err
	}
	step, kinds := a.owes()
	if (step == StepNewPassword || step == StepRequested) && a.justVerified(EmailCode, now) {
		return Result{}, nil // the code was posted twice
	}
	if len(kinds) == 0 {
		if step == StepMFA {
			return Result{}, &Problem{Reason: FactorsDisabled}
		}
		return Result{}, &Problem{Reason: FormExpired}
	}
	typed := slices.DeleteFunc(slices.Clone(kinds), func(k FactorKind) bool { return k == PasskeyPresent || k == PasskeyVerified })
	if len(typed) == 0 {
		return Result{}, &Problem{Reason: PasskeyMissing}
	}
	kind := typed[0]
	if kind == Password && response == "" {
		return Result{}, &Problem{Reason: PasswordMissing, Field: "password"}
	}
	if kind != Password {
		if response = cleanCode(response); response == "" {
			return Result{}, &Problem{Reason: CodeMissing, Field: "code"}
		}
	}
	if slices.Contains(kinds, BackupCode) && (backup || len(response) == BackupCodeLength) {
		kind = BackupCode
	}
	if a.Purpose == Reauthentication {
		if err := r.allowExpulsion(ctx, now, a.Session); err != nil {
			return Result{}, err
		}
	}
	c, err := r.attemptChallenge(ctx, client, a, kind)
	if err != nil {
		return Result{}, err
	}
	c.posted, c.posted.factor = posted, kind
	return r.verifyAttempt(ctx, a, c, response, now)
}

// attemptChallenge asks for a factor of an attempt. Failures count by account
// and factor, in every session and from every client (RL-03). Those of a code by
// email count by the address and what it is for, whether or not an account has it.
func (r *Rules) attemptChallenge(ctx context.Context, client Client, a Attempt, kind FactorKind) (challenge, error) {
	known, err := r.isKnownDevice(ctx, a.User, client)
	if err != nil {
		return challenge{}, err
	}
	c := challenge{user: a.User, client: client, known: known, counter: failureCounter(kind, string(a.User), known)}
	if kind == EmailCode {
		email, err := ParseEmail(a.Email)
		if err != nil {
			return c, err
		}
		kind := resetEmail
		switch a.Purpose {
		case SignUp:
			kind = signUpEmail
		case SignIn, RecoverMFA:
			kind = recoverEmail
		}
		c.counter = failureCounter(kind, email.Key, known)
	}
	c.factor, err = r.attemptFactor(ctx, a, kind, known)
	return c, err
}

// attemptFactor is the factor of a kind in an attempt.
func (r *Rules) attemptFactor(ctx context.Context, a Attempt, kind FactorKind, known bool) (factor, error) {
	switch kind {
	case Password: // at re-authentication: sign-in asks for it before there is an attempt
		user, err := r.store.FindUser(ctx, a.User)
		return passwordFactor{user: a.User, hash: user.PasswordHash, field: "password"}, err
	case TOTPCode:
		return totpFactor{user: a.User}, nil
	case PhoneCode:
		return sentCodeFactor{channel: BySMS, holder: a.TokenHash, to: a.Method().Phone.Number}, nil
	case EmailCode:
		return sentCodeFactor{channel: ByEmail, holder: a.TokenHash, to: a.Email, known: known}, nil
	case BackupCode:
		return backupCodeFactor{user: a.User}, nil
	}
	return nil, &Problem{Reason: UnknownMethod}
}

// verifyAttempt checks a response and, if it is correct, consumes it.
func (r *Rules) verifyAttempt(ctx context.Context, a Attempt, c challenge, response string, now time.Time) (Result, error) {
	spend, err := r.checkResponse(ctx, c, response, now)
	if p := (*Problem)(nil); errors.As(err, &p) && p.Reason == c.alreadySpent() && c.posted.form != formSignIn {
		if result, err := r.repeatedResponse(ctx, err, c, now); err == nil || !isProblem(err) {
			return result, err
		}
	}
	if err != nil {
		return Result{}, r.fail(ctx, a, c, err, now)
	}
	if c.posted.form == formSignIn { // the other responses can be consumed once
		if result, err := r.repeatedResponse(ctx, ErrNotFound, c, now); !errors.Is(err, ErrNotFound) {
			return result, err
		}
	}
	result, err := r.spendResponse(ctx, a, c, spend, now)
	if isProblemOf(err, BackupCodeWrong) { // only spending it shows that
		err = r.fail(ctx, a, c, err, now)
	}
	return result, err
}

// spendResponse consumes a correct response, and completes the attempt or moves it on.
func (r *Rules) spendResponse(ctx context.Context, a Attempt, c challenge, spend spend, now time.Time) (Result, error) {
	changes := ChangeSet{User: a.User, At: now}
	if c.kind() == BackupCode {
		used := Event{Type: BackupCodeUsed, BackupCodesLeft: a.Factors.BackupCodes - 1}
		if err := r.record(ctx, &changes, c.client, used); err != nil {
			return Result{}, err
		}
	}
	a.Verified = append(slices.Clone(a.Verified), VerifiedFactor{c.kind(), a.Demand.datedAfter(now), c.syncable()})
	result, err := r.complete(ctx, c, a, &changes)
	if err != nil {
		return Result{}, r.refund(ctx, c, err, now)
	}
	changes.settle(r.settle(c))
	if a.Purpose == SignIn && result.Session != "" { // the user does not depend on a reset
		email, err := ParseEmail(a.Email)
		if err != nil {
			return Result{}, err
		}
		changes.settle(SettleCounts{Reset: r.mailedCodeKeys(email, resetEmail, recoverEmail)})
	}
	spent, err := spend(ctx, changes)
	if errors.Is(err, ErrNotQueued) {
		err = r.refund(ctx, c, &Problem{Reason: SMSBudgetExhausted}, now)
	}
	if errors.Is(err, ErrEmailTaken) { // only the user who has verified the address learns this
		err = r.refund(ctx, c, &Problem{Reason: EmailTaken}, now)
	}
	if err != nil {
		return Result{}, err
	}
	if !spent {
		p := &Problem{Reason: c.alreadySpent(), Field: "code"}
		if c.kind() == Password {
			p.Field = "password"
		}
		return r.repeatedResponse(ctx, p, c, now)
	}
	r.applied(ctx, changes)
	result.SignedUp = a.Purpose == SignUp
	if result.BackupCodeUsed = c.kind() == BackupCode; result.BackupCodeUsed {
		result.BackupCodes = a.Factors.BackupCodes - 1
	}
	return result, nil
}
