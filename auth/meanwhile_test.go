package auth_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db"
)

// A late store calls a function after a response was found correct, before it is spent.
type late struct {
	*db.Store
	happens func()
}

func (s *late) SpendPassword(ctx context.Context, user auth.UserID, hash, rehash string, changes auth.ChangeSet) (bool, error) {
	s.happens()
	return s.Store.SpendPassword(ctx, user, hash, rehash, changes)
}

func (s *late) SpendTOTPStep(ctx context.Context, user auth.UserID, step int64, changes auth.ChangeSet) (bool, error) {
	s.happens()
	return s.Store.SpendTOTPStep(ctx, user, step, changes)
}

func (s *late) SpendSentCode(ctx context.Context, code auth.SentCode, changes auth.ChangeSet) (bool, error) {
	s.happens()
	return s.Store.SpendSentCode(ctx, code, changes)
}

func (s *late) ReplacePassword(ctx context.Context, user auth.UserID, hash string, changes auth.ChangeSet) (bool, error) {
	s.happens()
	return s.Store.ReplacePassword(ctx, user, hash, changes)
}

// TestVerify_SpentMeanwhile: the field of the response is marked when it is no longer valid
// by the time it is spent.
func TestVerify_SpentMeanwhile(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	token, err := f.StartReauth(f.ctx, session, auth.Demand{}, "")
	f.must(err)
	f.use(&late{f.db, func() {
		f.use(f.db)
		_, err := f.ChangePassword(f.ctx, client, session, flowPassword, "eight yellow herons", false)
		f.must(err)
	}})
	_, err = f.Verify(f.ctx, client, token, flowPassword, false)
	if p := f.problem(err, auth.InvalidCredentials); p.Field != "password" {
		t.Errorf("field %q", p.Field)
	}
}

// TestVerifyPhone_OthersMeanwhile: of two sessions that add the last possible phone at once
// one learns that there are too many.
func TestVerifyPhone_OthersMeanwhile(t *testing.T) {
	f := newFlow(t)
	f.policy.SessionIdle = 24 * time.Hour
	f.use(f.db)
	session, client := f.signUp("ann@example.com")
	number := func(i int) string { return fmt.Sprintf("+4930901820%02d", i) }
	add := func(i int) {
		f.must(f.AddPhone(f.ctx, client, session, number(i)))
		_, err := f.VerifyPhone(f.ctx, client, session, f.code(number(i)))
		f.must(err)
	}
	for i := range auth.PhonesMax - 1 {
		f.now = f.now.Add(15 * time.Minute)
		add(i)
	}
	f.must(f.AddPhone(f.ctx, client, session, number(80)))
	other := f.signIn(client, "ann@example.com")
	f.use(&overlapping{Store: f.db, before: func() {
		own := session
		session = other
		add(81)
		session = own
	}})
	_, err := f.VerifyPhone(f.ctx, client, session, f.code(number(80)))
	f.problem(err, auth.TooManyPhones)
	f.problem(f.AddPhone(f.ctx, client, other, number(82)), auth.TooManyPhones)
}

// TestPhone_Unknown: a phone that is not the account's cannot be changed, and none is
// verified without an enrolment.
func TestPhone_Unknown(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	_, err := f.VerifyPhone(f.ctx, client, session, "123456")
	f.problem(err, auth.FormExpired)
	f.addPhone(client, session, ownNumber)
	session = f.reload(session)
	for name, change := range map[string]func(context.Context, auth.Client, auth.Session, auth.PhoneID) error{
		"use": f.UsePhone, "disable": f.DisablePhone, "remove": f.RemovePhone, "default": f.MakePhoneDefault,
	} {
		if err := change(f.ctx, client, session, "unknown"); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An enrolling store counts the enrolments that are begun.
type enrolling struct {
	*db.Store
	begun int
}

func (s *enrolling) AddTOTPEnrolment(ctx context.Context, e auth.TOTPEnrolment, now time.Time) error {
	s.begun++
	return s.Store.AddTOTPEnrolment(ctx, e, now)
}

// TestTOTPEnrolment_Work: the page of an enrolment writes once. A form of another step
// changes nothing.
func TestTOTPEnrolment_Work(t *testing.T) {
	f := newFlow(t)
	store := &enrolling{Store: f.db}
	f.use(store)
	session, client := f.signUp("ann@example.com")
	for range 3 {
		_, err := f.TOTPEnrolment(f.ctx, session)
		f.must(err)
	}
	if store.begun != 1 {
		t.Errorf("%d enrolments were begun", store.begun)
	}
	for _, event := range []auth.TOTPEvent{auth.TOTPAgain, auth.TOTPSubmit, auth.TOTPFinish, "other"} {
		f.problem(f.AdvanceTOTP(f.ctx, client, session, event, "123456"), auth.FormExpired)
	}
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPContinue, ""))
	f.problem(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPContinue, ""), auth.FormExpired)
}

// TestClockSetBack: what was begun while the clock was ahead has expired (FA-12, SE-06).
func TestClockSetBack(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	f.now = f.now.Add(30 * time.Minute)
	code, err := f.BeginHandover(f.ctx, session, "app.example.org", auth.Token("browser").Hash(), "https://app.example.org/")
	f.must(err)
	attempt := f.forgot(client, "ann@example.com")
	f.now = f.now.Add(-10 * time.Minute)
	if _, _, err := f.CompleteHandover(f.ctx, client, "app.example.org", code, "browser"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the handover: %v", err)
	}
	if _, err := f.Attempt(f.ctx, attempt); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("the attempt: %v", err)
	}
}

// TestVerifyEmail_PostedTwice: a code that is posted twice is accepted both times, within a
// minute. No other event is mistaken for the first post.
func TestVerifyEmail_PostedTwice(t *testing.T) {
	for _, use := range []auth.EmailUse{auth.ForSignIn, auth.ForNotices} {
		f := newFlow(t)
		session, client := f.signUp("ann@example.com")
		verify := func(code string) error { return f.VerifyEmail(f.ctx, client, session, code) }
		f.problem(verify("123456"), auth.FormExpired)
		f.must(f.StartEmailChange(f.ctx, client, session, use, "new@example.com"))
		code := f.code("new@example.com")
		f.must(verify(code))
		f.must(verify(code))
		f.now = f.now.Add(auth.RepeatWindow)
		f.problem(verify(code), auth.FormExpired)
	}
}

// TestAdvanceTOTP_PostedTwice: the same for a code of an app that is being added.
func TestAdvanceTOTP_PostedTwice(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	key := f.addTOTP(client, session)
	f.must(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPSubmit, f.totp(key)))
	f.now = f.now.Add(auth.RepeatWindow)
	f.problem(f.AdvanceTOTP(f.ctx, client, session, auth.TOTPSubmit, f.totp(key)), auth.FormExpired)
}

// TestStartEmailChange_Notices: every request to change the sign-in address can be stopped
// by the mail about it, however many there were. An address for notices needs no such mail.
func TestStartEmailChange_Notices(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	f.must(f.StartEmailChange(f.ctx, client, session, auth.ForNotices, "second@example.com"))
	const requests = 5 // more than there are notices of any other kind
	for i := range requests {
		f.must(f.StartEmailChange(f.ctx, client, session, auth.ForSignIn, fmt.Sprintf("eve%d@example.com", i)))
	}
	stops := 0
	for _, m := range f.messages("ann@example.com") {
		if m.Kind == auth.MessageKind(auth.EmailChangeRequested) {
			if stops++; m.Token == "" || m.Summary {
				t.Errorf("mail %d cannot stop the change", stops)
			}
		}
	}
	if stops != requests {
		t.Errorf("%d mails, want %d", stops, requests)
	}
}

// TestStartEmailChange_Domains: only an address to sign in with has to be in a domain that
// may sign up.
func TestStartEmailChange_Domains(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	f.policy.SignUpDomains = []string{"example.com"}
	f.use(f.db)
	f.problem(f.StartEmailChange(f.ctx, client, session, auth.ForSignIn, "ann@example.org"), auth.EmailDomainBlocked)
	f.must(f.StartEmailChange(f.ctx, client, session, auth.ForNotices, "ann@example.org"))
}

// TestEndPassword_EmailChange: an email address that somebody has begun to add does not
// outlive a password that an administrator has ended.
func TestEndPassword_EmailChange(t *testing.T) {
	f := newFlow(t)
	session, client := f.signUp("ann@example.com")
	f.must(f.StartEmailChange(f.ctx, client, session, auth.ForSignIn, "eve@example.com"))
	if done, err := f.operate(auth.EndPassword, "ann@example.com"); !done || err != nil {
		t.Fatal(done, err)
	}
	if _, err := f.db.FindEmailEnrolment(f.ctx, session.User, f.now); !errors.Is(err, auth.ErrNotFound) {
		t.Error(err)
	}
}
