package auth

import (
	"context"
	"errors"
	"slices"
	"time"
)

// A Result is what an answer led to: an attempt that goes on, or a session.
type Result struct {
	Attempt Token  // the handle from now on; empty where the attempt is over
	Session Token  // the new session; empty where something is still owed
	Next    string // where the person wanted to go
	Device  Token  // the marker of the browser from now on; empty where it has one
}

// A question is one factor of one holder that asks to be proved. Attempts and
// enrolments put the same questions, so they share verifiers, counters and waits.
type question struct {
	kind    FactorKind
	user    UserID
	holder  string         // what sent codes are bound to: an attempt or an enrolment (SM-05)
	brake   string         // the factor, as failures are counted: see brakeName
	visitor Visitor        // who answers
	known   bool           // whether by a browser that has signed in to the account before
	field   string         // of the form, for the password
	hash    string         // the account's password hash; empty where nobody bears the address
	numbers []string       // where a sent code may have gone to and still count
	enrols  *TOTPEnrolment // the app that is being added, in place of the account's own
}

// spend writes that an answer was used, together with what it earns. Of any
// number of racing callers at most one is told true.
type spend func(ctx context.Context, grant ChangeSet) (spent bool, err error)

// verifiers has one row a factor. Each looks at an answer and, where it is
// right, returns the write that spends it.
var verifiers = map[FactorKind]func(r *Rules, ctx context.Context, q question, answer string, now time.Time) (spend, error){
	Password:   (*Rules).verifyPassword,
	TOTPCode:   (*Rules).verifyTOTP,
	PhoneCode:  (*Rules).verifySentCode,
	EmailCode:  (*Rules).verifySentCode,
	BackupCode: (*Rules).verifyBackupCode,
}

// spentBefore is what the loser of a race is told, who came with a right
// answer that another request had used.
var spentBefore = map[FactorKind]Reason{
	Password: InvalidCredentials, TOTPCode: TOTPUsed, PhoneCode: CodeExpired, EmailCode: CodeExpired, BackupCode: BackupCodeWrong,
}

// checkResponse is the one place where an answer meets a factor. It counts the try
// before it looks at the answer. Where the server had no time to look, or the
// visitor left before it had, the try is given back: a flood must not close the
// factors of those who meet it (RL-09).
func (r *Rules) checkResponse(ctx context.Context, q question, answer string, now time.Time) (right spend, err error) {
	tries := r.limits(ActionVerify, subjects{ByFactor: q.brake}.from(q.visitor))
	if err = r.allow(ctx, now, tries...); err == nil {
		right, err = verifiers[q.kind](r, ctx, q, answer, now)
		if unseen(err) {
			err = errors.Join(err, r.refund(context.WithoutCancel(ctx), tries, now))
		}
	}
	if p := (*Problem)(nil); errors.As(err, &p) {
		p.User = q.user
	}
	return right, err
}

// unseen reports whether an answer was never looked at.
func unseen(err error) bool {
	p := (*Problem)(nil)
	return errors.As(err, &p) && p.Reason == Busy || errors.Is(err, context.Canceled)
}

func (r *Rules) refund(ctx context.Context, tries []RateLimit, now time.Time) error {
	grant := ChangeSet{At: now}
	for _, try := range tries {
		grant.RefundCounts = append(grant.RefundCounts, try.Key)
	}
	return r.store.Apply(ctx, grant)
}

// Verify answers what an attempt asks. backup says that the person marked the
// answer as a backup code; one that looks like a backup code is read as one.
func (r *Rules) Verify(ctx context.Context, visitor Visitor, handle Token, answer string, backup bool) (Result, error) {
	now := r.now()
	a, err := r.attempt(ctx, handle, now)
	if err != nil {
		return Result{}, formExpired(err)
	}
	step, kinds := a.asks()
	if len(kinds) == 0 {
		if step == StepSecond {
			return Result{}, &Problem{Reason: FactorsDisabled}
		}
		return Result{}, &Problem{Reason: FormExpired}
	}
	kind := kinds[0]
	if kind == Password && answer == "" {
		return Result{}, &Problem{Reason: PasswordMissing, Field: "password"}
	}
	if kind != Password && cleanCode(answer) == "" {
		return Result{}, &Problem{Reason: CodeMissing, Field: "code"}
	}
	if slices.Contains(kinds, BackupCode) && (backup || looksLikeBackupCode(answer)) {
		kind = BackupCode
	}
	q, err := r.attemptQuestion(ctx, visitor, a, kind)
	if err != nil {
		return Result{}, err
	}
	return r.verifyAttempt(ctx, visitor, a, q, answer, now)
}

// right puts into a grant what a right answer does to the counts: the
// factor's failures are forgotten, and the address gets its one try back.
func (r *Rules) right(grant *ChangeSet, q question) {
	for _, try := range r.limits(ActionVerify, subjects{ByFactor: q.brake}.from(q.visitor)) {
		if _, failures := try.Limiter.(Backoff); failures {
			grant.ResetCounts = append(grant.ResetCounts, try.Key)
		} else {
			grant.RefundCounts = append(grant.RefundCounts, try.Key)
		}
	}
}

// bound puts into a grant that a factor is bound anew: whatever was counted
// against the one before, from wherever, is forgotten (RL-01).
func (r *Rules) bound(grant *ChangeSet, kind FactorKind, account UserID) {
	for _, known := range []bool{false, true} {
		for _, try := range r.limits(ActionVerify, subjects{ByFactor: brakeName(kind, string(account), known)}) {
			grant.ResetCounts = append(grant.ResetCounts, try.Key)
		}
	}
}

// brakeName names one factor of one account, as failures are counted. A
// browser that has signed in to the account before draws on a count of its
// own, so that guessing from elsewhere does not make its owner wait (RL-06).
func brakeName(kind FactorKind, account string, known bool) string {
	return string(kind) + "/" + knownName(account, known)
}

// Failures at adding a factor or an address are counted apart from those at
// signing in with one.
const (
	enrolTOTP  FactorKind = "enrol_totp"
	enrolPhone FactorKind = "enrol_phone"
	enrolEmail FactorKind = "enrol_email"
)

// knownName sets a count for known browsers apart from everybody's.
func knownName(name string, known bool) string {
	if known {
		return "known/" + name
	}
	return name
}

// attemptQuestion is the question an attempt puts for a factor. Failures count
// by account and factor, in every session and from everywhere (RL-03); the code
// by mail, which proves an address and signs nobody in, counts by attempt, so
// that a stranger who types an address does not shut its owner out (RL-06).
func (r *Rules) attemptQuestion(ctx context.Context, visitor Visitor, a Attempt, kind FactorKind) (question, error) {
	known, err := r.knowsBrowser(ctx, a.User, visitor)
	if err != nil {
		return question{}, err
	}
	q := question{
		kind: kind, user: a.User, visitor: visitor, known: known, holder: a.TokenHash,
		brake: brakeName(kind, string(a.User), known),
	}
	switch kind {
	case Password: // of re-verification; a sign-in asks before there is an attempt
		user, err := r.store.FindUser(ctx, a.User)
		if err != nil {
			return q, err
		}
		q.hash, q.field = user.PasswordHash, "password"
	case EmailCode:
		q.brake, q.numbers = brakeName(kind, a.TokenHash, false), []string{a.Email}
	case PhoneCode:
		q.numbers = []string{a.Method().Phone.Number}
	}
	return q, nil
}

// verifyAttempt puts a question of an attempt and, where the answer is right, lets it
// through the gate.
func (r *Rules) verifyAttempt(ctx context.Context, visitor Visitor, a Attempt, q question, answer string, now time.Time) (Result, error) {
	spend, err := r.checkResponse(ctx, q, answer, now)
	if err != nil {
		return Result{}, r.fail(ctx, visitor, a, q, err, now)
	}
	grant := ChangeSet{At: now}
	r.right(&grant, q)
	if q.kind == BackupCode {
		used := Event{User: a.User, Type: BackupCodeUsed, Left: a.Factors.BackupCodes - 1}
		if err := r.record(ctx, &grant, visitor, used); err != nil {
			return Result{}, err
		}
	}
	a.Verified = append(slices.Clone(a.Verified), VerifiedFactor{Factor: q.kind, At: now})
	pass, err := r.complete(ctx, q, a, &grant, now)
	if err != nil {
		return Result{}, err
	}
	spent, err := spend(ctx, grant)
	if errors.Is(err, ErrEmailTaken) { // only who has proved the address is told
		err = &Problem{Reason: EmailTaken}
	}
	if err != nil {
		return Result{}, err
	}
	if !spent {
		return Result{}, &Problem{Reason: spentBefore[q.kind], Field: "code"}
	}
	r.applied(ctx, grant)
	return pass, nil
}
