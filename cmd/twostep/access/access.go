// Package access holds the command that explains the rules of forward auth.
package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"twostep/auth"
	"twostep/auth/access"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/cmd/twostep/internal/settings"
	"twostep/db"
	"twostep/views"
)

// A Command is the command line of access.
type Command struct {
	Check checkCommand `cmd:"" help:"Say which access rule decides about a request, and why."`
}

type checkCommand struct {
	datadir.Flags
	settings.AccessFlags
	URL    string `arg:"" name:"url" help:"URL of an app, such as https://wiki.example.org/page."`
	Method string `default:"GET" help:"Method of the request."`
	As     string `placeholder:"EMAIL" help:"Also say whether this account may use the app."`
}

// Run explains the decision.
func (c *checkCommand) Run(s cli.Streams) error {
	if c.AccessRules == "" {
		return &cli.FlagError{Flag: "--access-rules", Err: errors.New("give the server's rule file")}
	}
	rules, err := settings.ReadAccessRules(c.AccessRules, nil)
	if err != nil {
		return &cli.FlagError{Flag: "--access-rules", Err: err}
	}
	req, err := access.ParseURL(c.URL, c.Method)
	if err != nil {
		return err
	}
	decision := rules.Decide(req)
	fmt.Fprintln(s.Out, views.AccessText(rules, decision))
	if rule, found := rules.Rule(decision); found {
		fmt.Fprintf(s.Out, "line %d: %s\n", rule.Line, rule)
	}
	if c.As == "" {
		return nil
	}
	return c.Flags.WithStore(func(ctx context.Context, store *db.Store, keys auth.Keyring) error {
		account, err := auth.New(store, keys, nil, auth.Policy{}, time.Now).Account(ctx, c.As)
		if errors.Is(err, auth.ErrNotFound) {
			err = fmt.Errorf("%s has no account", c.As)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.Out, views.AccessVerdict(account.Email.Typed, account.Groups, decision.Of(account)))
		return err
	})
}
