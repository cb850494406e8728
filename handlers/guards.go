package handlers

import (
	"net/url"
	"slices"

	"twostep/auth"
	"twostep/views"
)

// A guard lets a visit pass, or says where it goes instead.
type guard func(*visit) error

// elsewhere is an answer in place of a page: another address, by 303.
type elsewhere string

func (e elsewhere) Error() string { return "go to " + string(e) }

// foundAt is elsewhere by 302, for the one address that asks for it.
type foundAt string

func (f foundAt) Error() string { return "found at " + string(f) }

func anyone(*visit) error { return nil }

// signedOut keeps who is signed in away from the ways in.
func signedOut(v *visit) error {
	if v.signedIn() {
		return elsewhere(localPath(v.QueryParam("next")))
	}
	return nil
}

// signedIn asks a stranger to sign in first, and remembers where he wanted to
// go. A password alone does not pass where a second factor is on: there is no
// session before it is proved (FF-01). Whoever owes a task goes there first.
func signedIn(v *visit) error {
	return v.pass(auth.NoTask)
}

// freshlyVerified is signedIn, and asks who has not proved it lately to prove
// anew who he is, before anything that shows or changes a factor, the password,
// the address, other sessions or the account (RV-01, RV-02).
func freshlyVerified(v *visit) error {
	if err := v.pass(auth.NoTask); err != nil {
		return err
	}
	return v.fresh()
}

// enrolling is freshlyVerified for the pages by which a second factor is set
// up: they answer a session that owes the task, too.
func enrolling(v *visit) error {
	if err := v.pass(auth.TaskSetupMFA); err != nil {
		return err
	}
	return v.fresh()
}

// changingPassword is freshlyVerified for the page that a session goes to whose
// password must be changed.
func changingPassword(v *visit) error {
	if err := v.pass(auth.TaskPassword); err != nil {
		return err
	}
	return v.fresh()
}

// verifying lets everybody pass who is signed in, whatever the session owes.
func verifying(v *visit) error {
	return v.pass(auth.TaskPassword, auth.TaskSetupMFA)
}

// settingUp lets pass who owes a second factor, or nothing.
func settingUp(v *visit) error { return v.pass(auth.TaskSetupMFA) }

// tasks are the pages where each task is done.
var tasks = map[auth.Task]string{
	auth.TaskPassword: "/account/password",
	auth.TaskSetupMFA: "/account/setup-mfa",
}

// pass lets a signed-in visitor through who owes nothing, or one of the tasks
// that this page is for.
func (v *visit) pass(during ...auth.Task) error {
	if !v.signedIn() {
		v.cookie.Notice = views.NoticeSignInFirst
		v.entry.reason = "sign_in_first"
		return elsewhere("/sign-in?next=" + url.QueryEscape(v.back()))
	}
	factors, err := v.factors()
	if err != nil {
		return err
	}
	task := v.site.rules.Task(v.session, factors)
	if task == auth.NoTask || slices.Contains(during, task) {
		return nil
	}
	v.entry.reason = string(task) + "_first"
	return elsewhere(tasks[task])
}

// fresh sends to re-verification who has not proved lately who he is. Nothing
// is carried out by the way back: the form is there again, with what was typed
// into it, and waits for its button (RV-07).
func (v *visit) fresh() error {
	factors, err := v.factors()
	if err != nil || v.site.rules.FreshlyVerified(v.session, factors) {
		return err
	}
	v.entry.reason = "verify_first"
	return elsewhere("/account/verify?next=" + url.QueryEscape(v.back()))
}

// back is the address of this page, for coming back to it. What was typed into
// a posted form rides along, but for secrets.
func (v *visit) back() string {
	back := *v.Request().URL
	query := back.Query()
	for _, field := range keptFields {
		if typed := v.typed(field); typed != "" {
			query.Set(typedPrefix+field, typed)
		}
	}
	back.RawQuery = query.Encode()
	return back.RequestURI()
}

// on is a guard of a page that exists only while the operator has a factor
// switched on.
func on(kind auth.FactorKind, next guard) guard {
	return func(v *visit) error {
		if !v.site.rules.Policy().Allows(kind) {
			return auth.ErrNotFound
		}
		return next(v)
	}
}
