// Package users holds the commands for an operator who looks after accounts.
// Each change is recorded in the account's activity, and the owner is notified
// by mail, which the running server sends. None shows or sets a password
// (PW-13, RC-10).
package users

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/db"
)

// A Command is the command line of user.
type Command struct {
	Add           addCommand           `cmd:"" help:"Create an account. The user gets an invitation by email, to set a password within seven days."`
	List          listCommand          `cmd:"" help:"List the accounts."`
	Show          showCommand          `cmd:"" help:"Show one account."`
	Unlock        unlockCommand        `cmd:"" help:"End the locks and waits after failed attempts."`
	ResetMFA      resetMFACommand      `cmd:"" name:"reset-mfa" help:"Remove all second factors, for a user who has lost them."`
	ResetPassword resetPasswordCommand `cmd:"" help:"Invalidate the password. The user sets a new one by email."`
	SignOut       signOutCommand       `cmd:"" help:"End all sessions."`
	Disable       disableCommand       `cmd:"" help:"End all sessions and block sign-in."`
	Enable        enableCommand        `cmd:"" help:"Allow sign-in again."`
	Group         groupCommand         `cmd:"" help:"Add the account to groups or remove it from them. Prints the groups it is in."`
	Role          roleCommand          `cmd:"" help:"Let the account use the administration pages, as admin, support or viewer, or as none."`
	Delete        deleteCommand        `cmd:"" help:"Delete the account and all its data."`
}

// An account names the account that a command is about.
type account struct {
	datadir.Flags
	Email string `arg:"" name:"email" help:"Email address of the account."`
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
		AtNextSignIn bool `help:"Accept the old password once more, but require a new one then."`
	}
	groupCommand struct {
		account
		Add    []string `placeholder:"NAME" help:"Group to add the account to: a to z, 0 to 9 and hyphens, at most 32 characters; may be repeated."`
		Remove []string `placeholder:"NAME" help:"Group to remove the account from; may be repeated."`
	}
	roleCommand struct {
		account
		Role string `arg:"" enum:"admin,support,viewer,none" help:"admin, support, viewer or none."`
	}
	deleteCommand struct {
		account
		Yes bool `help:"Confirm the deletion, which cannot be undone." required:""`
	}
)

// Run creates the account.
func (c *addCommand) Run(s cli.Streams) error {
	return withRules(c.Flags, func(ctx context.Context, rules *auth.Rules) error {
		err := rules.AddAccount(ctx, auth.Operator{}, c.Email)
		if errors.Is(err, auth.ErrEmailTaken) {
			return fmt.Errorf("%s already has an account", c.Email)
		}
		if err != nil {
			return c.explain(err)
		}
		_, err = fmt.Fprintf(s.Out, "%s was added; the user gets an email to set a password within seven days\n", c.Email)
		return err
	})
}

// Run ends the waits after wrong codes and passwords.
func (c *unlockCommand) Run(s cli.Streams) error {
	return c.operate(s, auth.Unlock, "can try again without waiting", "has no wait and no lock")
}

// Run removes all second factors.
func (c *resetMFACommand) Run(s cli.Streams) error {
	return c.operate(s, auth.ResetMFA, "has no second factor now and is signed out everywhere", "has no second factor")
}

// Run ends the password.
func (c *resetPasswordCommand) Run(s cli.Streams) error {
	if c.AtNextSignIn {
		return c.operate(s, auth.MustChangePassword, "must change the password at the next sign-in", "must already change the password")
	}
	return c.operate(s, auth.EndPassword, "has no password now, is signed out everywhere, and can set a new one at /forgot-password", "is disabled: enable the account first")
}

// Run ends all sessions.
func (c *signOutCommand) Run(s cli.Streams) error {
	return c.operate(s, auth.SignOutEverywhere, "is signed out everywhere", "")
}

// Run disables the account.
func (c *disableCommand) Run(s cli.Streams) error {
	return c.operate(s, auth.Disable, "is disabled and signed out everywhere", "is already disabled")
}

// Run enables the account.
func (c *enableCommand) Run(s cli.Streams) error {
	return c.operate(s, auth.Enable, "can sign in again", "is not disabled")
}

// Validate refuses a command line with a wrong group.
func (c *groupCommand) Validate() error {
	for _, name := range slices.Concat(c.Add, c.Remove) {
		if !auth.ValidGroup(name) {
			return fmt.Errorf("%q is not a group: a name has a to z, 0 to 9 and hyphens, at most %d characters", name, auth.GroupNameMax)
		}
		if slices.Contains(c.Add, name) && slices.Contains(c.Remove, name) {
			return fmt.Errorf("group %s is both to be added and to be removed", name)
		}
	}
	return nil
}

// Run changes the account's groups and prints them.
func (c *groupCommand) Run(s cli.Streams) error {
	return c.withAccount(func(ctx context.Context, rules *auth.Rules, user auth.UserID) error {
		groups, err := rules.ChangeGroups(ctx, auth.Operator{}, user, c.Add, c.Remove)
		if p := (*auth.Problem)(nil); errors.As(err, &p) && p.Reason == auth.TooManyGroups {
			return fmt.Errorf("%s would be in more than %d groups; nothing was changed", c.Email, p.Limit)
		}
		if err != nil {
			return c.explain(err)
		}
		_, err = fmt.Fprintf(s.Out, "%s is in: %s\n", c.Email, cmp.Or(strings.Join(groups, " "), "no group"))
		return err
	})
}

// Run changes the account's role.
func (c *roleCommand) Run(s cli.Streams) error {
	return c.withAccount(func(ctx context.Context, rules *auth.Rules, user auth.UserID) error {
		role, _ := auth.ParseRole(c.Role)
		changed, err := rules.ChangeRole(ctx, user, role)
		if err != nil {
			return c.explain(err)
		}
		return c.report(s, changed, "has the role "+c.Role, "has that role already")
	})
}

// Run deletes the account.
func (c *deleteCommand) Run(s cli.Streams) error {
	return c.operate(s, auth.Delete, "was deleted", "was already deleted")
}

// operate changes the account and reports what was done.
func (a *account) operate(s cli.Streams, action auth.OperatorAction, done, unchanged string) error {
	return a.withAccount(func(ctx context.Context, rules *auth.Rules, user auth.UserID) error {
		changed, err := rules.Operate(ctx, auth.Operator{}, action, user)
		if err != nil {
			return a.explain(err)
		}
		return a.report(s, changed, done, unchanged)
	})
}

// report prints what was done. If nothing had to be changed, the error says so.
func (a *account) report(s cli.Streams, changed bool, done, unchanged string) error {
	if !changed {
		return fmt.Errorf("%s %s; nothing was changed", a.Email, unchanged)
	}
	_, err := fmt.Fprintf(s.Out, "%s %s\n", a.Email, done)
	return err
}

// explain returns an error that says why no account was found.
func (a *account) explain(err error) error {
	var p *auth.Problem
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return fmt.Errorf("%s has no account", a.Email)
	case errors.As(err, &p) && p.Reason == auth.EmailInvalid:
		return fmt.Errorf("%q is not an email address", a.Email)
	case errors.As(err, &p) && p.Reason == auth.LastAdmin:
		return fmt.Errorf("%s is the only admin: give somebody else the role first, or take it away with user role", a.Email)
	}
	return err
}

// withAccount calls do with the rules of the data and the account.
func (a *account) withAccount(do func(context.Context, *auth.Rules, auth.UserID) error) error {
	return withRules(a.Flags, func(ctx context.Context, rules *auth.Rules) error {
		user, err := rules.AccountID(ctx, a.Email)
		if err != nil {
			return a.explain(err)
		}
		return do(ctx, rules, user)
	})
}

// withRules calls do with the rules of the data. The mails that do queues are sent by
// the server.
func withRules(flags datadir.Flags, do func(context.Context, *auth.Rules) error) error {
	return flags.WithStore(func(ctx context.Context, store *db.Store, keys auth.Keyring) error {
		return do(ctx, newRules(store, keys))
	})
}

func newRules(store *db.Store, keys auth.Keyring) *auth.Rules {
	return auth.New(store, keys, auth.NewHasher(auth.DefaultCost, 1), auth.Policy{}, time.Now)
}
