// Package access holds the command that explains the rules of forward auth.
package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"twostep/auth"
	"twostep/auth/access"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/cmd/twostep/internal/settings"
	"twostep/db"
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
	req, err := parseURL(c.URL)
	if err != nil {
		return err
	}
	req.Method = c.Method
	decision := rules.Decide(req)
	explain(s.Out, rules, decision)
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
		return explainAccount(s.Out, decision, account)
	})
}

// parseURL splits a URL without changing its path, whose spelling may decide.
func parseURL(text string) (req access.Request, err error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "https" && scheme != "http" {
		return req, fmt.Errorf("%q is not a URL with https:// or http://", text)
	}
	host, _, _ := strings.Cut(rest, "/")
	if before, _, found := strings.Cut(host, "?"); found {
		host = before
	}
	uri := strings.TrimPrefix(rest, host)
	if !strings.HasPrefix(uri, "/") {
		uri = "/" + uri
	}
	if _, err := url.Parse(scheme + "://" + host); err != nil {
		return req, fmt.Errorf("%q has no valid host", text)
	}
	return access.Request{Scheme: scheme, Host: host, URI: uri}, nil
}

// explain prints the decision and the rule that makes it.
func explain(out io.Writer, rules *access.Rules, d access.Decision) {
	switch {
	case d.Host == "":
		fmt.Fprintf(out, "denied: no rule has this host; the rules have %s\n", strings.Join(rules.Hosts(), ", "))
		return
	case d.Odd != "" && d.Line == 0:
		fmt.Fprintf(out, "denied: %s, so all rules of %s decide, and none covers the whole host with * and /\n", d.Odd, d.Host)
		return
	case d.Line == 0:
		fmt.Fprintf(out, "denied: no rule of %s matches\n", d.Host)
		return
	case d.Odd != "":
		fmt.Fprintf(out, "%s: %s, so every rule of %s must be met; the strictest is\n", d.Demand, d.Odd, d.Host)
	default:
		fmt.Fprintf(out, "%s: the first rule that matches is\n", d.Demand)
	}
	for _, rule := range rules.All() {
		if rule.Line == d.Line {
			fmt.Fprintf(out, "line %d: %s\n", rule.Line, rule)
		}
	}
}

func explainAccount(out io.Writer, d access.Decision, account auth.Account) error {
	verdict := "may use it"
	switch {
	case account.Disabled:
		verdict = "is disabled"
	case !d.Includes(account.Email.Key, account.Groups):
		verdict = "may not use it"
	case d.Demand.Level == access.TwoFactor && !account.TOTP && account.Phones == 0 && account.Passkeys == 0:
		verdict = "may use it after setting up a second factor"
	}
	groups := "in no group"
	if len(account.Groups) > 0 {
		groups = "in " + strings.Join(account.Groups, ", ")
	}
	_, err := fmt.Fprintf(out, "%s (%s) %s\n", account.Email.Typed, groups, verdict)
	return err
}
