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

// guess enters wrong codes of new attempts until a problem other than a wrong code, and
// returns it and how many were checked. begin starts an attempt.
func (f *flow) guess(most int, begin func(auth.Client) auth.Token) (checked int, p *auth.Problem) {
	f.t.Helper()
	for checked < most {
		f.now = f.now.Add(3 * time.Hour) // ten codes a day are sent
		client := f.client()
		token := begin(client)
		for range auth.SentCodeAttempts {
			_, err := f.Verify(f.ctx, client, token, "000000", false)
			if reason := asProblem(err).Reason; reason != auth.CodeWrong {
				return checked, asProblem(err)
			}
			if checked++; checked == most {
				break
			}
		}
	}
	return checked, &auth.Problem{}
}

// A failing store fails one of its calls of Allow.
type failing struct {
	*db.Store
	at, calls int
}

var errFailing = errors.New("the count cannot be written")

func (s *failing) Allow(ctx context.Context, now time.Time, limits []auth.RateLimit) (int, auth.Count, error) {
	if s.calls++; s.calls == s.at {
		return -1, auth.Count{}, errFailing
	}
	return s.Store.Allow(ctx, now, limits)
}

// TestSentCode_CountFails: a code is not checked if one of its counts cannot be written. A
// mailed code from a device that is not known counts towards the total too (RL-01).
func TestSentCode_CountFails(t *testing.T) {
	const ann = "ann@example.com"
	f := newFlow(t)
	session, known := f.signUp(ann)
	f.addPhone(known, session, ownNumber)
	for name, row := range map[string]struct {
		counts int
		client auth.Client
		sms    bool
	}{
		"mail, unknown device": {2, f.client(), false},
		"mail, known device":   {1, known, false},
		"SMS, unknown device":  {1, f.client(), true},
	} {
		f.use(f.db)
		f.now = f.now.Add(time.Hour)
		token, to := auth.Token(""), ann
		if row.sms {
			result, err := f.SignIn(f.ctx, row.client, ann, flowPassword, "")
			f.must(err)
			token, to = result.Attempt, ownNumber
		} else {
			token = f.forgot(row.client, ann)
		}
		code := f.code(to)
		store := &failing{Store: f.db}
		f.use(store)
		_, err := f.Verify(f.ctx, row.client, token, "000000", false)
		f.problem(err, auth.CodeWrong)
		for store.at = 1; ; store.at++ {
			store.calls = 0
			_, err := f.Verify(f.ctx, row.client, token, code, false)
			if store.calls < store.at {
				f.must(err)
				break
			}
			if !errors.Is(err, errFailing) {
				t.Fatalf("%s, count %d: %v", name, store.at, err)
			}
		}
		if n := f.count(ann, auth.MessageKind(auth.ResetLocked)); n != 0 {
			t.Errorf("%s: %d notices of a lock", name, n)
		}
		if got := store.at - 1; got != row.counts {
			t.Errorf("%s: %d counts, want %d", name, got, row.counts)
		}
	}
}

// TestRateLimits_GuessedResetCodes: wrong codes of a reset count across attempts. A
// hundred in a row lock resets from devices that are not known, whether or not there is
// an account, until its owner signs in or an administrator unlocks it (RL-01, RL-06).
func TestRateLimits_GuessedResetCodes(t *testing.T) {
	f := newFlow(t)
	const ann, nobody = "ann@example.com", "nobody@example.com"
	_, known := f.signUp(ann)
	lock := func(email string) {
		t.Helper()
		checked, _ := f.guess(100, func(c auth.Client) auth.Token { return f.forgot(c, email) })
		if checked != 100 {
			t.Fatalf("%s: %d codes were checked", email, checked)
		}
	}
	reset := func(client auth.Client, want auth.Reason) {
		t.Helper()
		f.now = f.now.Add(3 * time.Hour)
		token := f.forgot(client, ann)
		_, err := f.Verify(f.ctx, client, token, f.code(ann), false)
		f.problem(err, want)
	}
	lock(ann)
	lock(nobody)
	f.now = f.now.Add(3 * time.Hour)
	stranger := f.client()
	token := f.forgot(stranger, nobody)
	_, err := f.Verify(f.ctx, stranger, token, "000000", false)
	f.problem(err, auth.MailedCodeLocked)
	reset(f.client(), auth.MailedCodeLocked)
	reset(known, "")
	if n := f.count(ann, auth.MessageKind(auth.ResetLocked)); n != 1 {
		t.Errorf("%d notices that the reset is locked", n)
	}
	f.now = f.now.Add(48 * time.Hour)
	reset(f.client(), auth.MailedCodeLocked)

	session := f.signIn(known, ann)
	reset(f.client(), "")

	lock(ann)
	key := f.addTOTP(known, session)
	f.now = f.now.Add(time.Minute)
	stranger = f.client()
	_, err = f.SignIn(f.ctx, stranger, ann, flowPassword, "")
	f.must(err)
	reset(f.client(), auth.MailedCodeLocked) // the password is not yet a sign-in
	result, err := f.SignIn(f.ctx, stranger, ann, flowPassword, "")
	f.must(err)
	_, err = f.Verify(f.ctx, stranger, result.Attempt, f.totp(key), false)
	f.must(err)
	reset(f.client(), "")

	lock(ann)
	reset(f.client(), auth.MailedCodeLocked)
	if done, err := f.operate(auth.Unlock, ann); err != nil || !done {
		t.Fatal(done, err)
	}
	reset(f.client(), "")
}

// TestRateLimits_GuessedSignUpCodes: the same for codes that verify an address at
// sign-up. An administrator adds the account instead.
func TestRateLimits_GuessedSignUpCodes(t *testing.T) {
	f := newFlow(t)
	const ann, taken = "ann@example.com", "taken@example.com"
	f.signUp(taken)
	signUp := func(email string) func(c auth.Client) auth.Token {
		return func(c auth.Client) auth.Token {
			result, err := f.SignUp(f.ctx, c, email, flowPassword, "")
			f.must(err)
			return result.Attempt
		}
	}
	for _, email := range []string{ann, taken} {
		if checked, p := f.guess(1000, signUp(email)); checked != 100 || p.Reason != auth.MailedCodeLocked {
			t.Errorf("%s: %d codes were checked, then %q", email, checked, p.Reason)
		}
	}
	f.now = f.now.Add(3 * time.Hour)
	client := f.client()
	token := f.forgot(client, taken)
	_, err := f.Verify(f.ctx, client, token, f.code(taken), false)
	f.problem(err, "") // has a count of its own
	f.must(f.AddAccount(f.ctx, auth.Operator{}, ann))
	if checked, p := f.guess(5, signUp(ann)); checked != 5 {
		t.Errorf("%d codes were checked after an administrator added the account, then %q", checked, p.Reason)
	}
}

// TestRateLimits_GuessedEmailCodes: the same for codes that verify a new address of an
// account, whichever account guesses.
func TestRateLimits_GuessedEmailCodes(t *testing.T) {
	f := newFlow(t)
	const victim = "victim@example.com"
	checked := 0
	for i := 0; ; i++ {
		email := fmt.Sprintf("eve%d@example.com", i)
		session, client := f.signUp(email)
		for range 4 {
			f.now = f.now.Add(3 * time.Hour)
			f.must(f.StartEmailChange(f.ctx, client, session, auth.ForSignIn, victim))
			for range auth.SentCodeAttempts {
				if err := f.VerifyEmail(f.ctx, client, session, "000000"); asProblem(err).Reason == auth.MailedCodeLocked {
					if checked != 100 {
						t.Errorf("%d codes were checked", checked)
					}
					_, err := f.operate(auth.Unlock, email)
					f.must(err)
					f.problem(f.VerifyEmail(f.ctx, client, session, "000000"), auth.CodeWrong)
					return
				}
				if checked++; checked > 200 {
					t.Fatal("more than 200 codes were checked")
				}
			}
		}
	}
}

// TestRateLimits_TotalOfMailedCodes: a thousand wrong mailed codes in an hour, of
// whatever accounts, raise one alarm; from then on a code allows one attempt. Correct
// codes and known devices do not count.
func TestRateLimits_TotalOfMailedCodes(t *testing.T) {
	f := newFlow(t)
	alarms := 0
	f.ctx = auth.WithObserver(f.ctx, func(e auth.Event) {
		if e.Type == auth.MailedCodesGuessed {
			alarms++
		}
	})
	_, known := f.signUp("ann@example.com")
	f.now = f.now.Add(time.Hour)
	attempts := func(client auth.Client, email string) (n int) {
		t.Helper()
		f.now = f.now.Add(time.Millisecond)
		token := f.forgot(client, email)
		for ; ; n++ {
			if _, err := f.Verify(f.ctx, client, token, "000000", false); asProblem(err).Reason != auth.CodeWrong {
				return n
			}
		}
	}
	if n := attempts(known, "ann@example.com"); n != 5 {
		t.Errorf("%d attempts from a known device", n)
	}
	for i := range 50 {
		f.signUp(fmt.Sprintf("user%d@example.com", i))
	}
	for i := range 200 {
		want := 5
		if i >= 167 { // 6 responses to a code, the last of which finds it used up
			want = 1
		}
		if n := attempts(f.client(), fmt.Sprintf("nobody%d@example.com", i)); n != want && i != 166 {
			t.Fatalf("code %d: %d attempts, want %d", i, n, want)
		}
	}
	if alarms != 1 {
		t.Errorf("%d alarms", alarms)
	}
	f.now = f.now.Add(time.Hour)
	if n := attempts(f.client(), "somebody@example.com"); n != 5 || alarms != 1 {
		t.Errorf("an hour later %d attempts, %d alarms", n, alarms)
	}
}
