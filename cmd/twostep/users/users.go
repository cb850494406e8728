// Package users holds the commands for an operator who looks after accounts.
// Each change is recorded in the account's activity, and the owner is notified
// by mail, which the running server sends. None shows or sets a password
// (PW-13, RC-10).
package users

import (
	"context"
	"errors"
	"fmt"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
)

// A Command is the command line of user.
type Command struct {
	Add           addCommand           `cmd:"" help:"Make an account; its owner gets a mail and sets the password."`
	List          listCommand          `cmd:"" help:"List the accounts."`
	Show          showCommand          `cmd:"" help:"Show one account."`
	Unlock        unlockCommand        `cmd:"" help:"Lift the waits after wrong tries."`
	ResetMFA      resetMFACommand      `cmd:"" name:"reset-mfa" help:"Take every second factor away, for somebody who lost them all."`
	ResetPassword resetPasswordCommand `cmd:"" help:"End the password; its owner sets a new one by mail."`
	SignOut       signOutCommand       `cmd:"" help:"Sign all devices out."`
	Disable       disableCommand       `cmd:"" help:"Sign all devices out and let nobody sign in."`
	Enable        enableCommand        `cmd:"" help:"Let the account sign in again."`
	Delete        deleteCommand        `cmd:"" help:"Delete the account with everything in it."`
}

// An account names the account that a command is about.
type account struct {
	datadir.Flags
	Email string `arg:"" name:"email" help:"Address of the account."`
}

type (
	addCommand      struct{ account }
	unlockCommand   struct{ account }
	resetMFACommand struct{ account }
	signOutCommand  struct{ account }
	disableCommand  struct{ account }
	enableCommand   struct{ account }

	resetPasswordCommand struct {
		account
		AtNextSignIn bool `help:"Let the old password sign in once more, to be changed first."`
	}
	deleteCommand struct {
		account
		Yes bool `help:"Delete without asking: there is no way back." required:""`
	}
)

// Run creates the account.
func (c *addCommand) Run(s cli.Streams) error {
	return withRules(c.Flags, func(ctx context.Context, rules *auth.Rules) error {
		err := rules.AddAccount(ctx, c.Email)
		if errors.Is(err, auth.ErrEmailTaken) {
			return fmt.Errorf("%s has an account already", c.Email)
		}
		if err != nil {
			return c.explain(err)
		}
		_, err = fmt.Fprintf(s.Out, "%s has an account and is told by mail how to set a password\n", c.Email)
		return err
	})
}

// Run ends the waits after wrong codes and passwords.
func (c *unlockCommand) Run(s cli.Streams) error {
	return c.operate(s, auth.Unlock, "can try again at once", "")
}

// Run removes all second factors.
func (c *resetMFACommand) Run(s cli.Streams) error {
	return c.operate(s, auth.ResetMFA, "has no second factor any more and is signed out everywhere", "had no second factor")
}

// Run ends the password.
func (c *resetPasswordCommand) Run(s cli.Streams) error {
	if c.AtNextSignIn {
		return c.operate(s, auth.MustChangePassword, "must change the password before anything else", "must change the password already")
	}
	return c.operate(s, auth.EndPassword, "has no password any more, is signed out everywhere, and sets a new one at /forgot-password", "is disabled: enable it first")
}

// Run ends all sessions.
func (c *signOutCommand) Run(s cli.Streams) error {
	return c.operate(s, auth.SignOutEverywhere, "is signed out everywhere", "")
}

// Run disables the account.
func (c *disableCommand) Run(s cli.Streams) error {
	return c.operate(s, auth.Disable, "is disabled and signed out everywhere", "was disabled already")
}

// Run enables the account.
func (c *enableCommand) Run(s cli.Streams) error {
	return c.operate(s, auth.Enable, "can sign in again", "was not disabled")
}

// Run deletes the account.
func (c *deleteCommand) Run(s cli.Streams) error {
	return c.operate(s, auth.Delete, "is deleted", "was deleted already")
}

// operate changes the account and prints what was done. If nothing had to be
// changed, the error says so.
func (a *account) operate(s cli.Streams, action auth.OperatorAction, done, unchanged string) error {
	return withRules(a.Flags, func(ctx context.Context, rules *auth.Rules) error {
		changed, err := rules.Operate(ctx, action, a.Email)
		if err != nil {
			return a.explain(err)
		}
		if !changed {
			return fmt.Errorf("%s %s; nothing was changed", a.Email, unchanged)
		}
		_, err = fmt.Fprintf(s.Out, "%s %s\n", a.Email, done)
		return err
	})
}

// explain returns an error that says why no account was found.
func (a *account) explain(err error) error {
	var p *auth.Problem
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return fmt.Errorf("%s has no account", a.Email)
	case errors.As(err, &p) && p.Reason == auth.EmailInvalid:
		return fmt.Errorf("%q is not a mail address", a.Email)
	}
	return err
}

// withRules opens the store, also while a server runs on it, and calls do. The
// mails that do queues are sent by the server.
func withRules(flags datadir.Flags, do func(context.Context, *auth.Rules) error) (err error) {
	var flagErr error
	dir := flags.Parse(&flagErr)
	if flagErr != nil {
		return flagErr
	}
	if err := dir.CheckExists(); err != nil {
		return err
	}
	ctx := context.Background()
	store, keys, err := dir.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	hasher := auth.NewHasher(auth.DefaultCost, 1)
	return do(ctx, auth.New(store, keys, hasher, auth.Policy{}, time.Now))
}
