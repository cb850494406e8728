package handlers

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strings"

	"twostep/auth"
	"twostep/views"
)

// A guard runs before the handler. It returns an empty string to let the request
// through, and otherwise the path to redirect to.
type guard func(*request) (redirect string, err error)

func anyone(*request) (string, error) { return "", nil }

// signedOut redirects signed-in users from the sign-in pages to their account.
func signedOut(r *request) (string, error) {
	if r.signedIn() {
		return localPath(r.QueryParam("next")), nil
	}
	return "", nil
}

// signedIn requires a session without a pending task. An account with a second
// factor has no session until that factor is verified (FF-01).
func signedIn(r *request) (string, error) { return r.requireSession() }

// settingUp is signedIn for the page where sessions with [auth.TaskSetupMFA] start.
func settingUp(r *request) (string, error) { return r.requireSession(auth.TaskSetupMFA) }

// verifying is signedIn for sessions with any pending task.
func verifying(r *request) (string, error) {
	if r.posted() && !r.signedIn() {
		if redirect, err := r.repeatedVerify(); redirect != "" || err != nil {
			return redirect, err
		}
	}
	return r.requireSession(auth.TaskPassword, auth.TaskSetupMFA)
}

// freshlyVerified is signedIn with a recent authentication, for pages that show or
// change factors, the password, email addresses, sessions or the account (RV-01,
// RV-02).
func freshlyVerified(r *request) (string, error) { return r.requireFreshSession() }

// enrolling is freshlyVerified for the pages that add a second factor. Sessions
// with [auth.TaskSetupMFA] need them too.
func enrolling(r *request) (string, error) { return r.requireFreshSession(auth.TaskSetupMFA) }

// changingPassword is freshlyVerified for the page where sessions with
// [auth.TaskPassword] change the password.
func changingPassword(r *request) (string, error) {
	if r.posted() && !r.signedIn() {
		if redirect, err := r.repeatedPasswordChange(); redirect != "" || err != nil {
			return redirect, err
		}
	}
	return r.requireFreshSession(auth.TaskPassword)
}

// on guards a page that exists only while the site offers this kind of factor.
func on(kind auth.FactorKind, next guard) guard {
	return func(r *request) (string, error) {
		if !r.rules.Policy().Allows(kind) {
			return "", auth.ErrNotFound
		}
		return next(r)
	}
}

// taskPaths are the pages where pending tasks are completed.
var taskPaths = map[auth.Task]string{
	auth.TaskPassword: "/account/password",
	auth.TaskSetupMFA: "/account/setup-mfa",
}

// requireSession lets a session through that has no pending task, or one of the
// allowed tasks. It redirects to the sign-in page or to the task's page.
func (r *request) requireSession(allowed ...auth.Task) (string, error) {
	if !r.signedIn() {
		r.cookie.Notice = views.NoticeSignInFirst
		r.log.reason = reasonSignInFirst
		return signInPath(r.returnURL()), nil
	}
	factors, err := r.factors()
	if err != nil {
		return "", err
	}
	task := r.rules.Task(r.session, factors)
	if task != auth.NoTask && !slices.Contains(allowed, task) {
		r.log.reason = reasonOfTask(task)
		return taskPaths[task], r.keepNext()
	}
	if len(allowed) == 0 && r.session.Next != "" { // the user has arrived
		r.session.Next = ""
		return "", r.rules.KeepNext(r.ctx(), r.session, "")
	}
	return "", nil
}

// keepNext stores this page as the one to continue at when the session's task is done. The
// first one counts: later ones are links on the task's own pages.
func (r *request) keepNext() error {
	next := localPath(r.Request().URL.RequestURI())
	if r.form != nil || r.session.Next != "" || next == accountPath {
		return nil
	}
	return r.rules.KeepNext(r.ctx(), r.session, next)
}

// afterTask returns the page at which a session without a pending task continues.
func (r *request) afterTask(otherwise string) string { return cmp.Or(r.session.Next, otherwise) }

// requireFreshSession is requireSession, and redirects to re-authentication
// unless the session was authenticated recently. A posted form is not carried out
// afterwards: the user sees it again, filled in, and must confirm it (RV-07).
func (r *request) requireFreshSession(allowed ...auth.Task) (string, error) {
	if redirect, err := r.requireSession(allowed...); redirect != "" || err != nil {
		return redirect, err
	}
	factors, err := r.factors()
	if err != nil || r.rules.FreshlyVerified(r.session, factors) {
		return "", err
	}
	r.log.reason = reasonVerifyFirst
	return verifyPath(r.returnURL()), nil
}

// verifyPath is the page for re-authentication that then leads to next. The URL has next
// although the attempt has it, too: a form that is posted twice is answered after the attempt
// has ended.
func verifyPath(next string) string { return "/account/verify?next=" + url.QueryEscape(next) }

// requireDemand redirects to where the session can meet a demand: to the set-up of a
// second factor, or to re-authentication.
func (r *request) requireDemand(demand auth.Demand) (string, error) {
	factors, err := r.factors()
	if err != nil {
		return "", err
	}
	if demand.Level > factors.Level() {
		r.log.reason = reasonOfTask(auth.TaskSetupMFA)
		return taskPaths[auth.TaskSetupMFA], r.keepNext()
	}
	if r.session.Satisfies(demand, factors, r.rules.Now()) {
		return "", nil
	}
	r.log.reason = reasonVerifyFirst
	next := localPath(r.shownAt())
	r.cookie.Attempt, err = r.rules.StartReauth(r.ctx(), r.session, demand, next)
	return verifyPath(next), err
}

// returnURL is the URL of this page. The posted text of prefillFields is kept for it; no
// secret is among them.
func (r *request) returnURL() string {
	if r.form != nil {
		fields := url.Values{}
		for _, field := range prefillFields {
			if text := r.prefill(field); text != "" {
				fields.Set(field, text)
			}
		}
		r.keepTyped(r.path(), fields)
	}
	return r.shownAt()
}

// shownAt is the URL of this page, or of the page with the link to this download: a browser
// that gets a file stays where it was.
func (r *request) shownAt() string {
	u := *r.Request().URL
	ext := path.Ext(u.Path)
	if _, isExport := exportFormats[ext]; isExport {
		u.Path = strings.TrimSuffix(u.Path, ext)
	}
	return u.RequestURI()
}
