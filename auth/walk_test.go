package auth

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A walker is one person's browser and account, as facts, with a ghost beside
// it: what was truly proved, noted apart from the rules that are under test.
type walker struct {
	purpose Purpose // of the open attempt; empty for none
	proved  string  // kinds proved in it, in order
	session bool
	first   age // of the session's proofs
	second  age
	app     bool // second factors of the account
	phone   bool
	codes   int // backup codes left: 0 or 1 is enough to tell
	unseen  bool

	ghost ghost
}

// A ghost knows when each factor was last truly proved in this browser.
type ghost struct{ password, email, second age }

// An age is how long ago something was proved.
type age int

const (
	never age = iota
	stale     // longer ago than re-verification allows
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

func (w walker) factors() Factors {
	f := Factors{BackupCodes: w.codes, CodesUnseen: w.unseen, allowed: every}
	if w.app {
		f.TOTP = &TOTP{}
	}
	if w.phone {
		f.Phones = []Phone{{ID: "p", ReservedAt: walkStart}}
	}
	return f
}

func (w walker) attempt(demand ReauthPolicy) Attempt {
	a := Attempt{Purpose: w.purpose, Factors: w.factors(), Reauth: demand, TokenHash: "h"}
	for _, kind := range splitKinds(w.proved) {
		a.Verified = append(a.Verified, VerifiedFactor{Factor: kind, At: walkStart})
	}
	return a
}

func splitKinds(s string) []FactorKind {
	var kinds []FactorKind
	for _, letter := range s {
		kinds = append(kinds, map[rune]FactorKind{'P': Password, 'T': TOTPCode, 'S': PhoneCode, 'B': BackupCode, 'E': EmailCode}[letter])
	}
	return kinds
}

func (w walker) asSession() Session { return Session{PasswordAt: w.first.at(), MFAAt: w.second.at()} }

// TestWalk goes through every order of events up to eight, for every purpose,
// with and without each factor and the requirement of one, and finds none that
// signs in, shows a secret or changes a factor without what is owed (FF-01,
// FF-02, RV-01, RV-04, RV-06, RC-04, BC-04).
func TestWalk(t *testing.T) {
	states := 0
	for name, demand := range map[string]ReauthPolicy{"strict": ReauthPresets["strict"], "strict_mfa": ReauthPresets["strict_mfa"]} {
		for _, required := range []bool{false, true} {
			rules := &Rules{policy: Policy{RequireMFA: required, Reauth: demand, Factors: every}, now: func() time.Time { return walkStart }}
			level := map[walker]string{}
			for _, app := range []bool{false, true} {
				for _, phone := range []bool{false, true} {
					for _, codes := range []int{0, 1} {
						level[walker{app: app, phone: phone, codes: codes}] = ""
					}
				}
			}
			seen := map[walker]bool{}
			for range 8 {
				next := map[walker]string{}
				for w, path := range level {
					for _, step := range walkEvents(rules, w) {
						if step.broken != "" {
							t.Fatalf("%s, required %v: %s by%s %s\n%+v", name, required, step.broken, path, step.name, w)
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
		t.Errorf("the walk saw %d states only: it does not walk", states)
	}
}

type walkStep struct {
	name   string
	to     walker
	broken string // the promise that the step broke
}

// walkEvents are all that can happen next: answers, right ones, to whatever
// was asked or not; new doors; pages of the account; the passing of time; what
// the same person does in another browser.
func walkEvents(rules *Rules, w walker) []walkStep {
	var steps []walkStep
	add := func(name string, to walker, broken string) { steps = append(steps, walkStep{name, to, broken}) }

	for _, purpose := range []Purpose{SignIn, SignUp, ResetPassword, Reauthentication} {
		to := w
		to.purpose, to.proved = purpose, ""
		if purpose == Reauthentication && !w.session || purpose != Reauthentication && w.session || purpose == SignUp && (w.app || w.phone || w.codes > 0) {
			continue
		}
		add("begin "+string(purpose), to, "")
	}
	for letter, kind := range map[string]FactorKind{"P": Password, "T": TOTPCode, "S": PhoneCode, "B": BackupCode, "E": EmailCode} {
		add("prove "+string(kind), walkProve(rules, w, letter, kind, nil), walkBroken(rules, w, letter, kind))
	}
	later := w
	later.purpose, later.proved = "", "" // an attempt does not last as long
	later.first, later.second = w.first.older(), w.second.older()
	later.ghost = ghost{w.ghost.password.older(), w.ghost.email.older(), w.ghost.second.older()}
	add("wait", later, "")
	out := w
	out.session, out.first, out.second = false, never, never
	add("sign out", out, "")
	if w.session {
		steps = append(steps, walkPages(rules, w)...)
	}
	return steps
}

// walkProve gives a right answer, which counts where it is asked.
func walkProve(rules *Rules, w walker, letter string, kind FactorKind, broken *string) walker {
	a := w.attempt(rules.policy.Reauth)
	step, kinds := a.owes()
	has := map[FactorKind]bool{Password: true, EmailCode: true, TOTPCode: w.app, PhoneCode: w.phone, BackupCode: w.codes > 0}
	if w.purpose == "" || !slices.Contains(kinds, kind) && !(step == StepMFA && slices.ContainsFunc(a.OtherMethods(), func(m Method) bool { return m.Kind == kind })) || !has[kind] {
		return w
	}
	switch kind {
	case Password:
		w.ghost.password = fresh
	case EmailCode:
		w.ghost.email = fresh
	default:
		w.ghost.second = fresh
	}
	w.proved += letter
	if kind == BackupCode {
		w.codes = 0
	}
	a = w.attempt(rules.policy.Reauth)
	if a.Step() != StepDone {
		return w
	}
	first, second := a.verifiedAt()
	purpose := w.purpose
	w.purpose, w.proved = "", ""
	w.session = true
	if purpose != Reauthentication {
		w.first, w.second = never, never
	}
	if !first.IsZero() {
		w.first = ageOf(first)
	}
	if !second.IsZero() {
		w.second = ageOf(second)
	}
	if broken != nil {
		switch {
		case purpose == ResetPassword:
			*broken = "a reset signed somebody in"
		case purpose == SignUp && w.ghost.email != fresh:
			*broken = "an account began without its address proved"
		case purpose == SignIn && w.ghost.password != fresh:
			*broken = "signed in without the password"
		case purpose == SignIn && (w.app || w.phone) && w.ghost.second != fresh:
			*broken = "signed in without the second factor"
		}
	}
	return w
}

func walkBroken(rules *Rules, w walker, letter string, kind FactorKind) (broken string) {
	walkProve(rules, w, letter, kind, &broken)
	return broken
}

// walkPages opens every kind of page of the account, as the guards do.
func walkPages(rules *Rules, w walker) []walkStep {
	var steps []walkStep
	factors, session := w.factors(), w.asSession()
	task, verified := rules.Task(session, factors), rules.FreshlyVerified(session, factors)
	whole, setting := task == NoTask, task == NoTask || task == TaskSetupMFA

	owed := "" // what the ghost says against showing a secret or changing a factor
	switch on := w.app || w.phone; {
	case on && w.ghost.second != fresh:
		owed = "without a fresh second factor"
	case (!on || rules.policy.Reauth.BothFactors) && w.ghost.password != fresh && w.ghost.email != fresh:
		owed = "without a fresh first factor"
	}
	check := func(what string) string {
		if owed == "" {
			return ""
		}
		return what + " " + owed
	}
	if whole && rules.policy.RequireMFA && (!w.app && !w.phone || w.unseen) {
		steps = append(steps, walkStep{"account", w, "the account answered while a factor is required"})
	}
	add := func(name string, to walker, broken string) { steps = append(steps, walkStep{name, to, broken}) }
	if setting && verified {
		for _, app := range []bool{true, false} {
			to := w
			if app {
				to.app = true
			} else {
				to.phone = true
			}
			if !w.app && !w.phone { // the first factor: as factorAdded
				to.codes, to.unseen, to.second, to.ghost.second = 1, true, fresh, fresh
			}
			add(fmt.Sprintf("add a factor (app %v)", app), to, check("a factor was added"))
		}
		seen := w
		seen.unseen = false
		add("backup codes", seen, check("backup codes were shown"))
	}
	if whole && verified {
		for _, app := range []bool{true, false} {
			if app && !w.app || !app && !w.phone {
				continue
			}
			if rules.policy.RequireMFA && factors.Count() == 1 {
				continue // the store enforces this too: RequireMFA
			}
			to := w
			if app {
				to.app = false
			} else {
				to.phone = false
			}
			if !to.app && !to.phone {
				to.codes, to.unseen = 0, false
			}
			broken := check("a factor was removed")
			if rules.policy.RequireMFA && !to.app && !to.phone {
				broken = "the last factor was removed though one is required"
			}
			add(fmt.Sprintf("remove a factor (app %v)", app), to, broken)
		}
	}
	return steps
}
