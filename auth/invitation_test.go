package auth_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"twostep/auth"
)

// Invitations are limited in all and for each address. The addresses before the one that a
// limit refuses get theirs, and the others none (OP-16).
func TestInvite_Limits(t *testing.T) {
	const ann = "ann@example.com"
	f := newFlow(t)
	session, client := f.signUp(ann)
	f.addTOTP(client, session)
	_, err := f.ChangeRole(f.ctx, session.User, auth.RoleAdmin)
	f.must(err)
	by := auth.Operator{Session: f.reload(session), Client: client}
	lines := func(from, n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprintf("user%d@example.com", from+i))
		}
		return all
	}
	invite := func(want int, reason auth.Reason, lines []string) {
		t.Helper()
		sent, err := f.Invite(f.ctx, by, lines)
		if reason != "" {
			f.problem(err, reason)
		} else {
			f.must(err)
		}
		if sent != want {
			t.Errorf("%d lines were sent, want %d", sent, want)
		}
	}
	invite(0, auth.InvitationLines, lines(0, auth.InvitationsAtOnce+1))
	invite(0, auth.InvitationBad, []string{"", " "})
	_, err = f.Invite(f.ctx, by, []string{" ", "bob@example.com", ann})
	if bad := f.problem(err, auth.InvitationBad).Bad; len(bad) != 1 || bad[0].Number != 3 {
		t.Errorf("bad lines: %+v", bad)
	}

	var group sync.WaitGroup
	for range 20 {
		group.Go(func() { _, _ = f.Invite(f.ctx, by, []string{"bob@example.com"}) })
	}
	group.Wait()
	invite(0, auth.TooManyInvitations, []string{"bob@example.com", "cid@example.com"})
	if n := f.count("bob@example.com", auth.MessageInvitation); n != 3 {
		t.Errorf("%d mails to one address", n)
	}
	if all, _, err := f.Invitations(f.ctx, ""); err != nil || len(all) != 1 {
		t.Errorf("%d invitations, %v", len(all), err)
	}

	for i := range 4 {
		invite(auth.InvitationsAtOnce, "", lines(1000*i, auth.InvitationsAtOnce))
	}
	invite(97, auth.TooManyInvitations, lines(5000, auth.InvitationsAtOnce))
	if n := f.count("user5096@example.com", auth.MessageInvitation) + f.count("user5097@example.com", auth.MessageInvitation); n != 1 {
		t.Errorf("%d mails to the last two", n)
	}
	if sent, err := f.Invite(f.ctx, auth.Operator{}, []string{"bob@example.com"}); sent != 1 || err != nil {
		t.Errorf("a command is limited: %d lines, %v", sent, err)
	}
	f.now = f.now.Add(time.Second) // the mail of the next one is sent later
	f.must(f.AddAccount(f.ctx, auth.Operator{}, "bob@example.com"))
	_, err = f.AcceptInvitation(f.ctx, f.client(), "unknown", flowPassword)
	f.problem(err, auth.InvitationEnded)
	mails := f.messages("bob@example.com")
	_, err = f.AcceptInvitation(f.ctx, f.client(), mails[len(mails)-1].Token, flowPassword)
	f.problem(err, auth.InvitationEnded) // this one sets the password of an account
	f.setPassword(f.client(), mails[len(mails)-1].Token, flowPassword)
	f.now = f.now.Add(auth.AttemptLifetime)
	_, err = f.SetPassword(f.ctx, f.client(), mails[len(mails)-1].Token, "eight yellow herons")
	f.problem(err, auth.FormExpired) // once
}

// TestAcceptInvitation_Once: an invitation ends when its account is made.
func TestAcceptInvitation_Once(t *testing.T) {
	f := newFlow(t)
	_, err := f.Invite(f.ctx, auth.Operator{}, []string{"eve@example.com"})
	f.must(err)
	mails := f.messages("eve@example.com")
	token := mails[len(mails)-1].Token
	_, err = f.OpenInvitation(f.ctx, token)
	f.must(err)
	client := f.client()
	result, err := f.AcceptInvitation(f.ctx, client, token, flowPassword)
	f.must(err)
	result, err = f.Verify(f.ctx, client, result.Attempt, f.code("eve@example.com"), false)
	f.must(err)
	f.session(result)
	if _, err := f.OpenInvitation(f.ctx, token); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("it can be opened again: %v", err)
	}
}

// TestInvitation_WithdrawnMeanwhile: an invitation that is withdrawn while it is accepted
// leads to no account, and sets no password.
func TestInvitation_WithdrawnMeanwhile(t *testing.T) {
	const bob, eve = "bob@example.com", "eve@example.com"
	f := newFlow(t)
	withdrawing := &late{f.db, func() {
		f.use(f.db)
		all, _, err := f.Invitations(f.ctx, "")
		f.must(err)
		if withdrawn, err := f.WithdrawInvitation(f.ctx, auth.Operator{}, all[0].ID); !withdrawn || err != nil {
			t.Fatal(withdrawn, err)
		}
	}}
	f.must(f.AddAccount(f.ctx, auth.Operator{}, bob))
	token := f.messages(bob)[0].Token
	f.use(withdrawing)
	_, err := f.SetPassword(f.ctx, f.client(), token, flowPassword)
	f.problem(err, auth.FormExpired)
	_, err = f.SignIn(f.ctx, f.client(), bob, flowPassword, "")
	f.problem(err, auth.InvalidCredentials)

	_, err = f.Invite(f.ctx, auth.Operator{}, []string{eve})
	f.must(err)
	client := f.client()
	result, err := f.AcceptInvitation(f.ctx, client, f.messages(eve)[0].Token, flowPassword)
	f.must(err)
	code := f.code(eve)
	f.use(withdrawing)
	_, err = f.Verify(f.ctx, client, result.Attempt, code, false)
	f.problem(err, auth.CodeExpired)
	if _, err := f.AccountID(f.ctx, eve); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("an account was made: %v", err)
	}
}

// TestSignUp_Closed: nobody signs up without an invitation, nor goes on with a sign-up that
// had begun before.
func TestSignUp_Closed(t *testing.T) {
	f := newFlow(t)
	client := f.client()
	result, err := f.SignUp(f.ctx, client, "ann@example.com", flowPassword, "")
	f.must(err)
	f.policy.SignUpOpen = false
	f.use(f.db)
	_, err = f.Verify(f.ctx, client, result.Attempt, f.code("ann@example.com"), false)
	f.problem(err, auth.SignUpClosed)
	_, err = f.SignUp(f.ctx, client, "eve@example.com", flowPassword, "")
	f.problem(err, auth.SignUpClosed)
}
