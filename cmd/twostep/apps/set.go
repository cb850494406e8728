package apps

import (
	"context"
	"fmt"
	"slices"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/cmd/twostep/internal/cli"
)

// Run changes what the flags name.
func (c *setCommand) Run(s cli.Streams, flags cli.Given) error {
	return c.withApp(func(ctx context.Context, p *oidc.Provider, app oidc.App) error {
		changed := false
		for flag, set := range map[string]func(){
			"name":               func() { app.Name = c.Name },
			"kind":               func() { app.Kind = oidc.AppKind(c.Kind) },
			"redirect":           func() { app.RedirectURIs = given(c.Redirect) },
			"post-logout":        func() { app.PostLogoutURIs = given(c.PostLogout) },
			"backchannel-logout": func() { app.BackchannelURI = c.BackchannelLogout },
			"trusted":            func() { app.Trusted = c.Trusted },
			"require-mfa":        func() { app.RequireMFA = c.RequireMFA },
			"group":              func() { app.Groups = given(c.Group) },
			"alg":                func() { app.Alg = c.Alg },
			"without-pkce":       func() { app.WithoutPKCE = c.WithoutPKCE },
			"require-par":        func() { app.RequirePAR = c.RequirePAR },
			"claims-in-id-token": func() { app.ClaimsInIDToken = c.ClaimsInIDToken },
			"refresh-idle":       func() { app.RefreshIdle = c.RefreshIdle },
			"refresh-lifetime":   func() { app.RefreshLifetime = c.RefreshLifetime },
		} {
			if slices.Contains(flags, flag) {
				set()
				changed = true
			}
		}
		if !changed {
			return fmt.Errorf("no flag says what to change about %s", app.Name)
		}
		if err := p.ReplaceApp(ctx, auth.Operator{}, app); err != nil {
			return err
		}
		_, err := fmt.Fprintf(s.Out, "%s was changed\n", app.Name)
		return err
	})
}
