package auth

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A state is one browser and its account, as facts. truth is tracked without the rules
// under test.
type state struct {
	purpose  Purpose // of the open attempt; empty for none
	verified string  // the factors verified in it, in order
	session  bool
	password age // PasswordAt and MFAAt of the session
	mfa      age
	app      bool // second factors of the account
	phone    bool
	codes    int // backup codes left: 0 or 1 is enough
	unseen   bool

	pending   bool // a recovery
	recovered bool // it has removed the second factors

	truth truth
}

// truth is when each factor was last verified in the browser.
type truth struct{ password, email, mfa age }

// An age is how long ago something was verified.
type age int

const (
	never age = iota
	stale     // longer ago than re-authentication allows
	fresh
)

var walkStart = time.Unix(1_800_000_000, 0)

func (a age) at() time.Time {
	switch a {
	case stale:
		return walkStart.Add(-23 * time.Hour)
	case fresh:
		return walkStart
	}
	return time.Time{}
}

func (a age) older() age { return min(a, stale) }

func ageOf(at time.Time) age {
	switch {
	case at.IsZero():
		return never
	case at.Equal(walkStart):
		return fresh
	}
	return stale
}

func (s state) factors() Factors {
	f := Factors{BackupCodes: s.codes, CodesUnseen: s.unseen, Recovered: s.recovered, allowed: allFactors}
	if s.app {
		f.TOTP = &TOTP{}
	}
	if s.phone {
		f.Phones = []Phone{{ID: "p", ReservedAt: walkStart}}
	}
	return f
}

func (s state) attempt(reauth ReauthPolicy) Attempt {
	a := Attempt{Purpose: s.purpose, Factors: s.factors(), Reauth: reauth, TokenHash: "h"}
	for _, kind := range splitKinds(s.verified) {
		a.Verified = append(a.Verified, VerifiedFactor{Factor: kind, At: walkStart})
	}
	return a
}

func splitKinds(letters string) []FactorKind {
	var kinds []FactorKind
	for _, letter := range letters {
		kinds = append(kinds, map[rune]FactorKind{'P': Password, 'T': TOTPCode, 'S': PhoneCode, 'B': BackupCode, 'E': EmailCode}[letter])
	}
	return kinds
}

func (s state) asSession() Session { return Session{PasswordAt: s.password.at(), MFAAt: s.mfa.at()} }

// TestWalk tries every order of up to eight events, for every purpose, with and without
// each factor and RequireMFA. None signs in, shows a secret or changes a factor without
// the factors owed (FF-01, FF-02, RV-01, RV-04, RV-06, RC-04, BC-04).
func TestWalk(t *testing.T) {
	states := 0
	for name, reauth := range map[string]ReauthPolicy{"strict": ReauthPresets["strict"], "strict_mfa": ReauthPresets["strict_mfa"]} {
		for _, required := range []bool{false, true} {
			rules := rulesOf(Policy{RequireMFA: required, Reauth: reauth, Factors: allFactors}, walkStart)
			level := map[state]string{}
			for _, app := range []bool{false, true} {
				for _, phone := range []bool{false, true} {
					for _, codes := range []int{0, 1} {
						level[state{app: app, phone: phone, codes: codes}] = ""
					}
				}
			}
			seen := map[state]bool{}
			for range 8 {
				next := map[state]string{}
				for s, path := range level {
					for _, step := range walkEvents(rules, s) {
						if step.broken != "" {
							t.Fatalf("%s, required %v: %s by%s %s\n%+v", name, required, step.broken, path, step.name, s)
						}
						if !seen[step.to] {
							seen[step.to] = true
							next[step.to] = path + " " + step.name + ","
						}
					}
				}
				level = next
			}
			states += len(seen)
		}
	}
	if states < 1000 {
		t.Errorf("the walk reached only %d states", states)
	}
}

type walkStep struct {
	name   string
	to     state
	broken string // what the step did wrongly
}

// walkEvents returns everything that can happen next: new attempts, correct responses
// whether asked for or not, the passing of time, signing out, and pages of the account.
func walkEvents(rules *Rules, s state) []walkStep {
	var steps []walkStep
	add := func(name string, to state, broken string) { steps = append(steps, walkStep{name, to, broken}) }

	for _, purpose := range []Purpose{SignIn, SignUp, ResetPassword, Reauthentication, RecoverMFA} {
		to := s
		to.purpose, to.verified = purpose, ""
		if purpose == RecoverMFA {
			if s.purpose != SignIn || s.attempt(rules.policy().Reauth).Step() != StepMFA {
				continue
			}
			to.verified = s.verified
		}
		if purpose == Reauthentication && !s.session || purpose != Reauthentication && s.session || purpose == SignUp && (s.app || s.phone || s.codes > 0) {
			continue
		}
		add("begin "+string(purpose), to, "")
	}
	for letter, kind := range map[string]FactorKind{"P": Password, "T": TOTPCode, "S": PhoneCode, "B": BackupCode, "E": EmailCode} {
		add("verify "+string(kind), walkVerify(rules, s, letter, kind, nil), walkBroken(rules, s, letter, kind))
	}
	if s.pending { // it ends sessions and attempts, and has ended before if a factor was used
		end := state{recovered: true, truth: s.truth}
		broken := ""
		if s.truth.password == never || s.truth.email == never {
			broken = "without the password and the mailbox"
		}
		add("end of the recovery", end, broken)
	}
	later := s
	later.purpose, later.verified = "", "" // an attempt expires earlier
	later.password, later.mfa = s.password.older(), s.mfa.older()
	later.truth = truth{s.truth.password.older(), s.truth.email.older(), s.truth.mfa.older()}
	add("wait", later, "")
	out := s
	out.session, out.password, out.mfa = false, never, never
	add("sign out", out, "")
	if s.session {
		steps = append(steps, walkPages(rules, s)...)
	}
	return steps
}

// walkVerify enters a correct response, which counts only if it was asked for.
func walkVerify(rules *Rules, s state, letter string, kind FactorKind, broken *string) state {
	a := s.attempt(rules.policy().Reauth)
	step, kinds := a.owes()
	has := map[FactorKind]bool{Password: true, EmailCode: true, TOTPCode: s.app, PhoneCode: s.phone, BackupCode: s.codes > 0}
	if s.purpose == "" || !slices.Contains(kinds, kind) && !(step == StepMFA && slices.ContainsFunc(a.OtherMethods(), func(m Method) bool { return m.Factor == kind })) || !has[kind] {
		return s
	}
	switch kind {
	case Password:
		s.truth.password = fresh
	case EmailCode:
		s.truth.email = fresh
	default:
		s.truth.mfa = fresh
	}
	s.verified += letter
	if kind == BackupCode {
		s.codes = 0
	}
	a = s.attempt(rules.policy().Reauth)
	if a.Step() == StepRequested {
		s.pending = s.app || s.phone
	}
	if a.Step() != StepDone {
		return s
	}
	first, second := a.verifiedFactors()
	purpose := s.purpose
	s.purpose, s.verified = "", ""
	s.session = true
	if purpose != Reauthentication {
		s.password, s.mfa = never, never
	}
	if !first.At.IsZero() {
		s.password = ageOf(first.At)
	}
	if !second.At.IsZero() {
		s.mfa, s.pending = ageOf(second.At), false
	}
	if broken != nil {
		switch {
		case purpose == ResetPassword:
			*broken = "a reset signed in"
		case purpose == SignUp && s.truth.email != fresh:
			*broken = "an account was added without a verified email address"
		case purpose == RecoverMFA:
			*broken = "a recovery signed in"
		case purpose == SignIn && s.recovered && !s.app && !s.phone && s.truth.email != fresh:
			*broken = "signed in with the password alone after a recovery"
		case purpose == SignIn && s.truth.password != fresh:
			*broken = "signed in without the password"
		case purpose == SignIn && (s.app || s.phone) && s.truth.mfa != fresh:
			*broken = "signed in without the second factor"
		}
	}
	return s
}

func walkBroken(rules *Rules, s state, letter string, kind FactorKind) (broken string) {
	walkVerify(rules, s, letter, kind, &broken)
	return broken
}

// walkPages opens every kind of page of the account, as the guards do.
func walkPages(rules *Rules, s state) []walkStep {
	var steps []walkStep
	factors, session := s.factors(), s.asSession()
	task, verified := rules.Task(session, factors), rules.FreshlyVerified(session, factors)
	account, setup := task == NoTask, task == NoTask || task == TaskSetupMFA

	owed := "" // by truth, before a secret is shown or a factor changed
	switch on := s.app || s.phone; {
	case on && s.truth.mfa != fresh:
		owed = "without a fresh second factor"
	case (!on || rules.policy().Reauth.BothFactors) && s.truth.password != fresh && s.truth.email != fresh:
		owed = "without a fresh password"
	}
	check := func(action string) string {
		if owed == "" {
			return ""
		}
		return action + " " + owed
	}
	if account && s.recovered && !s.app && !s.phone {
		steps = append(steps, walkStep{"account", s, "the account was open after a recovery, without a factor"})
	}
	if account && rules.policy().RequireMFA && (!s.app && !s.phone || s.unseen) {
		steps = append(steps, walkStep{"account", s, "the account was open while a factor is required"})
	}
	add := func(name string, to state, broken string) { steps = append(steps, walkStep{name, to, broken}) }
	if setup && verified {
		for _, app := range []bool{true, false} {
			to := s
			if app {
				to.app = true
			} else {
				to.phone = true
			}
			if !s.app && !s.phone { // the first factor, see factorAdded
				to.codes, to.unseen, to.mfa, to.truth.mfa, to.recovered = 1, true, fresh, fresh, false
			}
			to.pending = false
			add(fmt.Sprintf("add a factor (app %v)", app), to, check("a factor was added"))
		}
		seen := s
		seen.unseen = false
		add("backup codes", seen, check("backup codes were shown"))
	}
	if account && verified {
		for _, app := range []bool{true, false} {
			if app && !s.app || !app && !s.phone {
				continue
			}
			if rules.policy().RequireMFA && factors.Count() == 1 {
				continue // the store enforces this too: RequireMFA
			}
			to := s
			if app {
				to.app = false
			} else {
				to.phone = false
			}
			if to.pending = false; !to.app && !to.phone {
				to.codes, to.unseen = 0, false
			}
			broken := check("a factor was removed")
			if rules.policy().RequireMFA && !to.app && !to.phone {
				broken = "the last factor was removed although one is required"
			}
			add(fmt.Sprintf("remove a factor (app %v)", app), to, broken)
		}
	}
	return steps
}
