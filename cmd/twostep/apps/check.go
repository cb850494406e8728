package apps

import (
	"context"
	"errors"
	"fmt"
	"net/url"

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
		u, err := url.Parse(c.URL)
		if err != nil || u.Host == "" {
			return errors.New("the URL is not one of a web page")
		}
		if u.Path != oidc.AuthorizePath {
			return fmt.Errorf("the path is %q, but must be %s", u.Path, oidc.AuthorizePath)
		}
		query, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			return errors.New("the query is malformed")
		}
		if err := p.Explain(ctx, app, query); err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.Out, "the request of %s is valid\n", app.Name)
		return err
	})
}
