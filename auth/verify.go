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
	if isProblemOf(err, c.alreadySpent()) && c.posted.form != formSignIn {
		if result, err := r.repeatedResponse(ctx, err, c, now); !isProblem(err) {
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
	r.Applied(ctx, changes)
	result.SignedUp = a.Purpose == SignUp
	if result.BackupCodeUsed = c.kind() == BackupCode; result.BackupCodeUsed {
		result.BackupCodes = a.Factors.BackupCodes - 1
	}
	return result, nil
}
