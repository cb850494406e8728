package handlers

import (
	"net/url"

	"twostep/views"
)

// A guard lets a visit pass, or says where it goes instead.
type guard func(*visit) error

// elsewhere is an answer in place of a page: another address, by 303.
type elsewhere string

func (e elsewhere) Error() string { return "go to " + string(e) }

func anyone(*visit) error { return nil }

// signedOut keeps who is signed in away from the ways in.
func signedOut(v *visit) error {
	if v.signedIn() {
		return elsewhere(localPath(v.QueryParam("next")))
	}
	return nil
}

// signedIn asks a stranger to sign in first, and remembers where he wanted to go.
// A password alone does not pass where a second factor is on: there is no
// session before it is proved (FF-01).
func signedIn(v *visit) error {
	if v.signedIn() {
		return nil
	}
	v.cookie.Notice = views.NoticeSignInFirst
	return elsewhere("/sign-in?next=" + url.QueryEscape(v.Request().URL.RequestURI()))
}
