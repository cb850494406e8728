package apps

import (
	"context"
	"errors"
	"fmt"

	"twostep/auth/oidc"
	"twostep/cmd/twostep/internal/cli"
)

type checkCommand struct {
	appArg
	URL string `arg:"" name:"url" help:"The URL to which the app sends its users, with /oauth/authorize in it."`
}

// Run says whether the request in a URL is valid, or what is wrong with it (OI-53).
func (c *checkCommand) Run(s cli.Streams) error {
	return c.withApp(func(ctx context.Context, p *oidc.Provider, app oidc.App) error {
		wrong, err := p.CheckURL(ctx, app, c.URL)
		if err == nil && wrong != "" {
			err = errors.New(wrong)
		}
		if err == nil {
			_, err = fmt.Fprintf(s.Out, "the request of %s is valid\n", app.Name)
		}
		return err
	})
}
