package auth

import (
	"context"
	"errors"
	"slices"
	"time"
)

// A Grant is what an answer earns. The store writes it in the transaction that
// spends the answer: all of it, or none (ST-08).
type Grant struct {
	At          time.Time
	Attempt     *Attempt       // stands from now on, with its proofs, in place of one with the same handle
	EndAttempt  string         // hash of the attempt that ends here; where it is over already, nothing is granted
	NewUser     *NewUser       // an account begins
	Session     *Session       // a session begins
	Code        *SentCode      // the code of its holder from now on
	TOTP        *TOTPKey       // the account's app from now on, in place of an earlier one
	Phone       *NewPhone      // a number of an account, proved
	BackupCodes *BackupCodeSet // the account's set from now on, unless it has one
	EndSessions *EndSessions   // sessions that end, with the open attempts of the account
	Clear       []string       // brakes that go back to zero
	Messages    []Message      // what people are told
}

// EndSessions names the sessions of an account that end, all but one.
type EndSessions struct {
	User   UserID
	Except SessionID // the one that goes on; empty for none
}

// A Pass is what an answer led to: an attempt that goes on, or a session.
type Pass struct {
	Attempt Handle // the handle from now on; empty where the attempt is over
	Session Handle // the new session; empty where something is still owed
	Next    string // where the person wanted to go
}

// A question is one factor of one holder that asks to be proved. Attempts and
// enrolments put the same questions, so they share verifiers, counters and waits.
type question struct {
	kind    Kind
	user    UserID
	holder  string         // what sent codes are bound to: an attempt or an enrolment (SM-05)
	brake   string         // key of the brake on failures
	hash    string         // the account's password hash; empty where nobody bears the address
	numbers []string       // where a sent code may have gone to and still count
	enrols  *TOTPEnrolment // the app that is being added, in place of the account's own
}

// spend writes that an answer was used, together with what it earns. Of any
// number of racing callers at most one is told true.
type spend func(ctx context.Context, grant Grant) (spent bool, err error)

// verifiers has one row a factor. Each looks at an answer and, where it is
// right, returns the write that spends it.
var verifiers = map[Kind]func(r *Rules, ctx context.Context, q question, answer string, now time.Time) (spend, error){
	Password:   (*Rules).verifyPassword,
	TOTPCode:   (*Rules).verifyTOTP,
	PhoneCode:  (*Rules).verifySentCode,
	EmailCode:  (*Rules).verifySentCode,
	BackupCode: (*Rules).verifyBackupCode,
}

// spentBefore is what the loser of a race is told, who came with a right
// answer that another request had used.
var spentBefore = map[Kind]Reason{
	Password: SignInWrong, TOTPCode: TOTPUsed, PhoneCode: CodeOver, EmailCode: CodeOver, BackupCode: BackupCodeWrong,
}

// verify is the one place where an answer meets a factor. It counts the try
// before it looks at the answer.
func (r *Rules) verify(ctx context.Context, q question, answer string, now time.Time) (spend, error) {
	if err := r.take(ctx, now, TooManyTries, Try{Key: q.brake, Brake: failures}); err != nil {
		return nil, err
	}
	return verifiers[q.kind](r, ctx, q, answer, now)
}

// Prove answers what an attempt asks. backup says that the person marked the
// answer as a backup code; one that looks like a backup code is read as one.
func (r *Rules) Prove(ctx context.Context, visitor Visitor, handle Handle, answer string, backup bool) (Pass, error) {
	now := r.now()
	a, err := r.attempt(ctx, handle, now)
	if err != nil {
		return Pass{}, formOver(err)
	}
	_, kinds := a.asks()
	if len(kinds) == 0 {
		return Pass{}, &Problem{Reason: FormOver}
	}
	kind := kinds[0]
	if kind != Password && cleanCode(answer) == "" {
		return Pass{}, &Problem{Reason: CodeMissing, Field: "code"}
	}
	if slices.Contains(kinds, BackupCode) && (backup || looksLikeBackupCode(answer)) {
		kind = BackupCode
	}
	return r.prove(ctx, visitor, a, r.attemptQuestion(a, kind), answer, now)
}

// attemptQuestion is the question an attempt puts for a factor. Failures count
// by account and factor, in every session and from everywhere (RL-03); the code
// by mail, which proves an address and signs nobody in, counts by attempt, so
// that a stranger who types an address does not shut its owner out (RL-06).
func (r *Rules) attemptQuestion(a Attempt, kind Kind) question {
	q := question{kind: kind, user: a.User, holder: a.Handle, brake: brakeKey(kind, string(a.User))}
	switch kind {
	case EmailCode:
		q.brake, q.numbers = brakeKey(kind, a.Handle), []string{a.Email}
	case PhoneCode:
		q.numbers = []string{a.Method().Phone.Number}
	}
	return q
}

// brakeKey names the brake on one factor of one account.
func brakeKey(kind Kind, account string) string { return "failures/" + string(kind) + "/" + account }

// prove puts a question of an attempt and, where the answer is right, lets it
// through the gate.
func (r *Rules) prove(ctx context.Context, visitor Visitor, a Attempt, q question, answer string, now time.Time) (Pass, error) {
	spend, err := r.verify(ctx, q, answer, now)
	if err != nil {
		return Pass{}, err
	}
	grant := Grant{At: now, Clear: []string{q.brake}}
	if q.kind == BackupCode {
		used := r.notice(LetterBackupCodeUsed, a.Email, visitor, now)
		used.Left = a.Factors.BackupCodes - 1
		grant.Messages = append(grant.Messages, used)
	}
	a.Proved = append(slices.Clone(a.Proved), Proof{Kind: q.kind, At: now})
	pass, err := r.gate(ctx, visitor, a, &grant, now)
	if err != nil {
		return Pass{}, err
	}
	spent, err := spend(ctx, grant)
	if errors.Is(err, ErrAddressTaken) {
		err = &Problem{Reason: AddressTaken}
	}
	if err != nil {
		return Pass{}, err
	}
	if !spent {
		return Pass{}, &Problem{Reason: spentBefore[q.kind], Field: "code"}
	}
	r.wakeOutbox(grant)
	return pass, nil
}

// gate is where every way in ends: it decides what is still owed, and only
// where nothing is does a session begin.
func (r *Rules) gate(ctx context.Context, visitor Visitor, a Attempt, grant *Grant, now time.Time) (Pass, error) {
	if a.Step() == StepDone {
		grant.EndAttempt = a.Handle
		if a.Purpose == SignUp {
			a.User = grant.newUser(a)
		}
		handle := NewHandle()
		grant.Session = newSession(handle, visitor, a, now)
		return Pass{Session: handle, Next: a.Next}, nil
	}
	pass := Pass{Next: a.Next}
	if a.Handle == "" { // the first proof: from here on the attempt has a handle, and it is a new one (SE-02)
		pass.Attempt = NewHandle()
		a.Handle, a.ExpiresAt = pass.Attempt.Hash(), now.Add(AttemptLifetime)
		if m := a.Method(); a.Step() == StepSecond && m.Kind == PhoneCode {
			if err := r.owePhoneCode(ctx, a, m.Phone, grant, now); err != nil && !isProblem(err) {
				return Pass{}, err // a code asked for too soon is no reason to stop: the page offers another
			}
		}
	}
	grant.Attempt = &a
	return pass, nil
}
