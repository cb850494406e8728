// Package apps holds the commands for an operator who connects apps to the site by
// OpenID Connect. A secret is shown once, when it is made.
package apps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/cmd/twostep/internal/settings"
	"twostep/db"
)

// A Command is the command line of app.
type Command struct {
	Add     addCommand     `cmd:"" help:"Register an app. Prints its client ID and, for a web app, its secret, which is shown only once."`
	List    listCommand    `cmd:"" help:"List the apps."`
	Show    showCommand    `cmd:"" help:"Show one app."`
	Set     setCommand     `cmd:"" help:"Change an app. What is not given stays as it is."`
	Disable disableCommand `cmd:"" help:"Refuse the app: it gets no tokens, and those it has stop working."`
	Enable  enableCommand  `cmd:"" help:"Accept the app again."`
	Remove  removeCommand  `cmd:"" help:"Delete the app with all its tokens."`
	Check   checkCommand   `cmd:"" help:"Say what is wrong with the URL to which an app sends its users."`
	Secret  secretCommand  `cmd:"" help:"Give a web app a new secret. The previous one stays valid until --end-previous."`
}

// An appArg names the app that a command is about.
type appArg struct {
	datadir.Flags
	ID string `arg:"" name:"id" help:"Client ID of the app."`
}

// A stateArg is an appArg of a command that changes the state of the app.
type stateArg struct {
	appArg
	JSON bool `name:"json" help:"Print JSON."`
}

// print says what the state of the app is now, in words or JSON.
func (a *stateArg) print(s cli.Streams, app oidc.App, state, words string) error {
	if a.JSON {
		r := newRow(app)
		r.State = state
		return json.NewEncoder(s.Out).Encode(r)
	}
	_, err := fmt.Fprintf(s.Out, "%s %s\n", app.Name, words)
	return err
}

type (
	addCommand struct {
		datadir.Flags
		settings.OriginFlags
		Name string       `arg:"" name:"name" help:"Name that users see."`
		Kind oidc.AppKind `required:"" enum:"web,spa,native" help:"Where it runs: web (on a server), spa (in the browser) or native (on a phone or computer)."`
		appFlags
		JSON bool `name:"json" help:"Print JSON."`
	}
	disableCommand struct{ stateArg }
	enableCommand  struct{ stateArg }
	removeCommand  struct{ stateArg }
	secretCommand  struct {
		appArg
		EndPrevious bool `help:"End the previous secret now. If two are valid, no new one is made."`
		JSON        bool `name:"json" help:"Print JSON."`
	}
	setCommand struct {
		appArg
		Name string `help:"Name that users see."`
		Kind string `enum:",web,spa,native" default:"" help:"Where it runs."`
		appFlags
		RequirePAR      bool          `name:"require-par" negatable:"" help:"Accept requests only through /oauth/par."`
		ClaimsInIDToken bool          `name:"claims-in-id-token" negatable:"" help:"Put email, name and groups into the ID token too, for apps that do not ask userinfo."`
		RefreshIdle     time.Duration `help:"An unused refresh token expires after this long, such as 336h."`
		RefreshLifetime time.Duration `help:"After this long the user must sign in to the app again, such as 2160h."`
	}
)

// appFlags are the properties of an app that add and set share. An empty value removes
// what set is to remove.
type appFlags struct {
	Redirect          []string       `sep:"none" placeholder:"URI" help:"Where users return to after signing in; may be repeated."`
	PostLogout        []string       `sep:"none" placeholder:"URI" help:"Where users return to after signing out; may be repeated."`
	BackchannelLogout string         `placeholder:"URI" help:"Where to post a signed message when a session ends that has signed in to the app (OpenID Connect Back-Channel Logout)."`
	Trusted           bool           `negatable:"" help:"A web app of your own: users are not asked whether to continue."`
	RequireMFA        bool           `name:"require-mfa" negatable:"" help:"Only for users who have verified two factors."`
	Group             []string       `placeholder:"NAME" help:"Only for accounts in this group; may be repeated."`
	Alg               oidc.Algorithm `enum:"RS256,ES256" default:"RS256" help:"Signature of the app's tokens: RS256, which every client knows, or ES256, which is faster."`
	WithoutPKCE       bool           `name:"without-pkce" negatable:"" help:"A web app that cannot do PKCE; it must send a nonce then."`
}

// Run registers the app.
func (c *addCommand) Run(s cli.Streams) error {
	origin, err := c.Origin()
	if err != nil {
		return err
	}
	app := oidc.App{
		Name: c.Name, Kind: c.Kind, Alg: c.Alg, Trusted: c.Trusted, RequireMFA: c.RequireMFA, WithoutPKCE: c.WithoutPKCE,
		RedirectURIs: c.Redirect, PostLogoutURIs: given(c.PostLogout), BackchannelURI: c.BackchannelLogout, Groups: given(c.Group),
		RefreshIdle: auth.RefreshIdle, RefreshLifetime: auth.RefreshLifetime,
	}
	return withProvider(c.Flags, func(ctx context.Context, p *oidc.Provider) error {
		id, secret, err := p.AddApp(ctx, auth.Operator{}, app)
		if err != nil {
			return err
		}
		issuer := origin.String()
		discovery := issuer + oidc.DiscoveryPath
		if c.JSON {
			return json.NewEncoder(s.Out).Encode(struct {
				ClientID     string `json:"client_id"`
				ClientSecret string `json:"client_secret"` // empty for a public app
				Issuer       string `json:"issuer"`
				Discovery    string `json:"discovery"`
			}{id, secret, issuer, discovery})
		}
		table := cli.Table(s.Out)
		fmt.Fprintf(table, "client ID\t%s\n", id)
		if secret != "" {
			fmt.Fprintf(table, "client secret\t%s\t(shown only now)\n", secret)
		}
		fmt.Fprintf(table, "issuer\t%s\ndiscovery\t%s\n", issuer, discovery)
		return table.Flush()
	})
}

// Run disables the app.
func (c *disableCommand) Run(s cli.Streams) error { return c.disable(s, true, "disabled", "disabled") }

// Run enables the app.
func (c *enableCommand) Run(s cli.Streams) error { return c.disable(s, false, "active", "enabled") }

func (a *stateArg) disable(s cli.Streams, disabled bool, state, word string) error {
	return a.withApp(func(ctx context.Context, p *oidc.Provider, app oidc.App) error {
		changed, err := p.DisableApp(ctx, auth.Operator{}, app, disabled)
		if err == nil && !changed {
			err = fmt.Errorf("%s is already %s; nothing was changed", app.Name, word)
		}
		if err != nil {
			return err
		}
		return a.print(s, app, state, "is "+word)
	})
}

// Run deletes the app.
func (c *removeCommand) Run(s cli.Streams) error {
	return c.withApp(func(ctx context.Context, p *oidc.Provider, app oidc.App) error {
		removed, err := p.RemoveApp(ctx, auth.Operator{}, app)
		if err == nil && !removed {
			err = noApp(app.ID)
		}
		if err != nil {
			return err
		}
		return c.print(s, app, "removed", "was removed")
	})
}

// Run prints a new secret, or ends the older of two.
func (c *secretCommand) Run(s cli.Streams) error {
	return c.withApp(func(ctx context.Context, p *oidc.Provider, app oidc.App) error {
		secret, err := p.NewSecret(ctx, auth.Operator{}, app, c.EndPrevious)
		if err != nil {
			return err
		}
		switch {
		case c.JSON:
			err = json.NewEncoder(s.Out).Encode(struct {
				ClientID     string `json:"client_id"`
				ClientSecret string `json:"client_secret,omitempty"`
			}{app.ID, secret})
		case secret == "":
			_, err = fmt.Fprintf(s.Out, "the previous secret of %s has ended; the newest stays valid\n", app.Name)
		default:
			_, err = fmt.Fprintf(s.Out, "client secret  %s  (shown only now)\n", secret)
		}
		return err
	})
}

// withApp calls do with the app that the command names.
func (a *appArg) withApp(do func(context.Context, *oidc.Provider, oidc.App) error) error {
	return withProvider(a.Flags, func(ctx context.Context, p *oidc.Provider) error {
		app, err := p.App(ctx, a.ID)
		if errors.Is(err, auth.ErrNotFound) {
			return noApp(a.ID)
		}
		if err != nil {
			return err
		}
		return do(ctx, p, app)
	})
}

func noApp(id string) error {
	return fmt.Errorf("there is no app with the client ID %q; twostep app list shows all", id)
}

// withProvider calls do with a provider on the data. It makes no tokens, so it needs no
// issuer.
func withProvider(flags datadir.Flags, do func(context.Context, *oidc.Provider) error) error {
	return flags.WithStore(func(ctx context.Context, store *db.Store, keys auth.Keyring) error {
		rules := auth.New(store, keys, nil, auth.Policy{}, time.Now)
		return do(ctx, oidc.New(store, rules, ""))
	})
}

// given removes empty values, with which a list is emptied.
func given(values []string) (list []string) {
	for _, v := range values {
		if v != "" {
			list = append(list, v)
		}
	}
	return list
}
