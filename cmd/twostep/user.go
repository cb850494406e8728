package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"twostep/auth"
)

// user is the operator's hand: what helps somebody who is locked out. Each act
// stands in the account's history and is told to its owner by mail, which the
// running server sends. None shows or sets a password (PW-13, RC-10).
type user struct {
	Add           userAdd           `cmd:"" help:"Make an account; its owner gets a mail and sets the password."`
	List          userList          `cmd:"" help:"List the accounts."`
	Show          userShow          `cmd:"" help:"Show one account."`
	Unlock        userUnlock        `cmd:"" help:"Lift the waits after wrong tries."`
	ResetMFA      userResetMFA      `cmd:"" name:"reset-mfa" help:"Take every second factor away, for somebody who lost them all."`
	ResetPassword userResetPassword `cmd:"" help:"End the password; its owner sets a new one by mail."`
	SignOut       userSignOut       `cmd:"" help:"Sign all devices out."`
	Disable       userDisable       `cmd:"" help:"Sign all devices out and let nobody sign in."`
	Enable        userEnable        `cmd:"" help:"Let the account sign in again."`
	Delete        userDelete        `cmd:"" help:"Delete the account with everything in it."`
}

// whom is an act's account.
type whom struct {
	place
	Email string `arg:"" name:"email" help:"Address of the account."`
}

type (
	userUnlock  struct{ whom }
	userSignOut struct{ whom }
	userDisable struct{ whom }
	userEnable  struct{ whom }

	userResetMFA struct{ whom }

	userResetPassword struct {
		whom
		AtNextSignIn bool `help:"Let the old password sign in once more, to be changed first."`
	}
	userDelete struct {
		whom
		Yes bool `help:"Delete without asking: there is no way back." required:""`
	}
	userAdd  struct{ whom }
	userShow struct {
		whom
		JSON bool `name:"json" help:"Print JSON."`
	}
	userList struct {
		place
		JSON bool `name:"json" help:"Print a line of JSON for each account."`
	}
)

// Run carries the act out and says in one line what was done.
func (u *userUnlock) Run(t terminal) error {
	return u.operate(t, auth.Unlock, "can try again at once", "")
}

// Run carries the act out.
func (u *userResetMFA) Run(t terminal) error {
	return u.operate(t, auth.ResetMFA, "has no second factor any more and is signed out everywhere", "had no second factor")
}

// Run carries the act out.
func (u *userResetPassword) Run(t terminal) error {
	if u.AtNextSignIn {
		return u.operate(t, auth.MustChangePassword, "must change the password before anything else", "must change the password already")
	}
	return u.operate(t, auth.EndPassword, "has no password any more, is signed out everywhere, and sets a new one at /forgot-password", "is disabled: enable it first")
}

// Run carries the act out.
func (u *userSignOut) Run(t terminal) error {
	return u.operate(t, auth.SignOutEverywhere, "is signed out everywhere", "")
}

// Run carries the act out.
func (u *userDisable) Run(t terminal) error {
	return u.operate(t, auth.Disable, "is disabled and signed out everywhere", "was disabled already")
}

// Run carries the act out.
func (u *userEnable) Run(t terminal) error {
	return u.operate(t, auth.Enable, "can sign in again", "was not disabled")
}

// Run carries the act out.
func (u *userDelete) Run(t terminal) error {
	return u.operate(t, auth.Delete, "is deleted", "was deleted already")
}

func (w *whom) operate(t terminal, act auth.OperatorAction, done, nothing string) error {
	return w.with(func(ctx context.Context, rules *auth.Rules) error {
		changed, err := rules.Operate(ctx, act, w.Email)
		if err != nil {
			return w.explain(err)
		}
		if !changed {
			return fmt.Errorf("%s %s; nothing was changed", w.Email, nothing)
		}
		_, err = fmt.Fprintf(t.out, "%s %s\n", w.Email, done)
		return err
	})
}

// Run makes the account.
func (u *userAdd) Run(t terminal) error {
	return u.with(func(ctx context.Context, rules *auth.Rules) error {
		err := rules.AddAccount(ctx, u.Email)
		if errors.Is(err, auth.ErrEmailTaken) {
			return fmt.Errorf("%s has an account already", u.Email)
		}
		if err != nil {
			return u.explain(err)
		}
		_, err = fmt.Fprintf(t.out, "%s has an account and is told by mail how to set a password\n", u.Email)
		return err
	})
}

// explain says in the operator's words why there is no such account.
func (w *whom) explain(err error) error {
	var p *auth.Problem
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return fmt.Errorf("%s has no account", w.Email)
	case errors.As(err, &p) && p.Reason == auth.EmailInvalid:
		return fmt.Errorf("%q is not a mail address", w.Email)
	}
	return err
}

// Run shows the account.
func (u *userShow) Run(t terminal) error {
	return u.with(func(ctx context.Context, rules *auth.Rules) error {
		a, err := rules.Account(ctx, u.Email)
		if err != nil {
			return u.explain(err)
		}
		if u.JSON {
			return json.NewEncoder(t.out).Encode(shown(a))
		}
		table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
		s := shown(a)
		fmt.Fprintf(table, "email\t%s\nid\t%s\ncreated\t%s\nlast seen\t%s\nstate\t%s\n", s.Email, s.ID, s.Created, s.LastSeen, s.State)
		fmt.Fprintf(table, "authenticator app\t%v\nphones for MFA\t%d\nsessions\t%d\n", s.TOTP, s.Phones, s.Sessions)
		return table.Flush()
	})
}

// Run lists the accounts, a page at a time, so that a million of them take no memory.
func (u *userList) Run(t terminal) error {
	return u.with(func(ctx context.Context, rules *auth.Rules) error {
		table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
		lines := json.NewEncoder(t.out)
		if !u.JSON {
			fmt.Fprintln(table, "EMAIL\tCREATED\tLAST SEEN\tMFA\tSTATE")
		}
		after := ""
		for more := true; more; {
			page, next, err := rules.Accounts(ctx, after)
			if err != nil {
				return err
			}
			more = next
			for _, a := range page {
				after = a.User.Email.Key
				s := shown(a)
				if u.JSON {
					err = lines.Encode(s)
				} else {
					_, err = fmt.Fprintf(table, "%s\t%s\t%s\t%v\t%s\n", s.Email, s.Created, s.LastSeen, onOff(s.TOTP || s.Phones > 0), s.State)
				}
				if err != nil {
					return err
				}
			}
			if err := table.Flush(); err != nil {
				return err
			}
		}
		return nil
	})
}

// A shownAccount is an account as scripts read it.
type shownAccount struct {
	Email    string `json:"email"`
	ID       string `json:"id"`
	Created  string `json:"created"`   // RFC 3339
	LastSeen string `json:"last_seen"` // RFC 3339, or empty while no session stands
	State    string `json:"state"`     // active, disabled, or must-change-password
	TOTP     bool   `json:"totp"`
	Phones   int    `json:"phones"`
	Sessions int    `json:"sessions"`
}

func shown(a auth.Account) shownAccount {
	s := shownAccount{
		Email: a.User.Email.Typed, ID: string(a.ID), Created: a.CreatedAt.Format(time.RFC3339), State: "active",
		TOTP: a.TOTP, Phones: a.Phones, Sessions: a.Sessions,
	}
	if !a.SeenAt.IsZero() {
		s.LastSeen = a.SeenAt.Format(time.RFC3339)
	}
	switch {
	case a.Disabled:
		s.State = "disabled"
	case a.MustChange:
		s.State = "must-change-password"
	}
	return s
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// with opens the store beside a running server and lets do work on it. The
// mails that it owes wait there for the server to send them.
func (p place) with(do func(context.Context, *auth.Rules) error) (err error) {
	var bad error
	where := p.read(&bad)
	if bad != nil {
		return bad
	}
	if err := where.exists(); err != nil {
		return err
	}
	ctx := context.Background()
	store, keys, err := where.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	hasher := auth.NewHasher(auth.DefaultCost, 1)
	return do(ctx, auth.New(store, keys, hasher, auth.Policy{}, time.Now))
}
