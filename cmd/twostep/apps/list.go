package apps

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
)

type (
	showCommand struct {
		appArg
		JSON bool `name:"json" help:"Print JSON."`
	}
	listCommand struct {
		datadir.Flags
		JSON bool `name:"json" help:"Print one JSON object per line."`
	}
)

// Run prints the apps.
func (c *listCommand) Run(s cli.Streams) error {
	return withProvider(c.Flags, func(ctx context.Context, p *oidc.Provider) error {
		all, err := p.Apps(ctx)
		if err != nil {
			return err
		}
		table, lines := cli.Table(s.Out), json.NewEncoder(s.Out)
		if !c.JSON {
			fmt.Fprintln(table, "CLIENT ID\tNAME\tKIND\tSTATE")
		}
		for _, app := range all {
			r := newRow(app)
			if c.JSON {
				err = lines.Encode(r)
			} else {
				_, err = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.ClientID, r.Name, r.Kind, r.State)
			}
			if err != nil {
				return err
			}
		}
		return table.Flush()
	})
}

// Run prints the app.
func (c *showCommand) Run(s cli.Streams) error {
	return c.withApp(func(_ context.Context, _ *oidc.Provider, app oidc.App) error {
		r := newRow(app)
		if c.JSON {
			return json.NewEncoder(s.Out).Encode(r)
		}
		table := cli.Table(s.Out)
		for _, line := range [][2]string{
			{"client ID", r.ClientID},
			{"name", r.Name},
			{"kind", string(r.Kind)},
			{"state", r.State},
			{"created", r.Created},
			{"redirect URIs", strings.Join(r.RedirectURIs, " ")},
			{"post-logout URIs", strings.Join(r.PostLogoutURIs, " ")},
			{"back-channel URI", r.BackchannelURI},
			{"algorithm", string(r.Alg)},
			{"groups", strings.Join(r.Groups, " ")},
			{"options", strings.Join(options(app), ", ")},
			{"valid secrets", fmt.Sprint(r.Secrets)},
			{"refresh tokens", fmt.Sprintf("%s, unused %s", r.RefreshLifetime, r.RefreshIdle)},
		} {
			if line[1] != "" {
				fmt.Fprintf(table, "%s\t%s\n", line[0], line[1])
			}
		}
		return table.Flush()
	})
}

// options names the switches that are on, as their flags do.
func options(app oidc.App) (names []string) {
	for _, option := range []struct {
		name string
		on   bool
	}{
		{"trusted", app.Trusted},
		{"require-mfa", app.RequireMFA},
		{"require-par", app.RequirePAR},
		{"without-pkce", app.WithoutPKCE},
		{"claims-in-id-token", app.ClaimsInIDToken},
	} {
		if option.on {
			names = append(names, option.name)
		}
	}
	return names
}

// A row is an app as it is printed.
type row struct {
	ClientID        string         `json:"client_id"`
	Name            string         `json:"name"`
	Kind            oidc.AppKind   `json:"kind"`
	State           string         `json:"state"`   // active or disabled
	Created         string         `json:"created"` // RFC 3339
	RedirectURIs    []string       `json:"redirect_uris"`
	PostLogoutURIs  []string       `json:"post_logout_uris"`
	BackchannelURI  string         `json:"backchannel_logout_uri"`
	Alg             oidc.Algorithm `json:"alg"`
	Groups          []string       `json:"groups"`
	Trusted         bool           `json:"trusted"`
	RequireMFA      bool           `json:"require_mfa"`
	RequirePAR      bool           `json:"require_par"`
	WithoutPKCE     bool           `json:"without_pkce"`
	ClaimsInIDToken bool           `json:"claims_in_id_token"`
	RefreshIdle     string         `json:"refresh_idle"`
	RefreshLifetime string         `json:"refresh_lifetime"`
	Secrets         int            `json:"secrets"` // valid ones
}

func newRow(app oidc.App) row {
	r := row{
		ClientID: app.ID, Name: app.Name, Kind: app.Kind, State: "active", Created: app.CreatedAt.Format(time.RFC3339),
		RedirectURIs: list(app.RedirectURIs), PostLogoutURIs: list(app.PostLogoutURIs), BackchannelURI: app.BackchannelURI,
		Alg: app.Alg, Groups: list(app.Groups), Trusted: app.Trusted, RequireMFA: app.RequireMFA, RequirePAR: app.RequirePAR,
		WithoutPKCE: app.WithoutPKCE, ClaimsInIDToken: app.ClaimsInIDToken, RefreshIdle: auth.ShortDuration(app.RefreshIdle),
		RefreshLifetime: auth.ShortDuration(app.RefreshLifetime), Secrets: len(app.SecretHashes),
	}
	if app.Disabled {
		r.State = "disabled"
	}
	return r
}

// list returns an empty list, not null, for none.
func list(values []string) []string { return append([]string{}, values...) }
