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
)

// SigningKeys is the command line of signing-keys.
type SigningKeys struct {
	List   listKeysCommand   `cmd:"" help:"List the keys that sign the tokens of apps."`
	Rotate rotateKeysCommand `cmd:"" help:"Add a new key for each algorithm. Apps see it at once; it signs a day later."`
}

type (
	listKeysCommand struct {
		datadir.Flags
		JSON bool `name:"json" help:"Print one JSON object per line."`
	}
	rotateKeysCommand struct{ datadir.Flags }
)

// Run prints the keys.
func (c *listKeysCommand) Run(s cli.Streams) error {
	return withProvider(c.Flags, func(ctx context.Context, p *oidc.Provider) error {
		all, err := p.SigningKeys(ctx)
		if err != nil {
			return err
		}
		table, lines := cli.Table(s.Out), json.NewEncoder(s.Out)
		if !c.JSON {
			fmt.Fprintln(table, "KEY ID\tALGORITHM\tSTATE\tSIGNS FROM\tUNTIL")
		}
		for _, k := range all {
			r := keyRow{ID: k.ID, Alg: k.Alg, State: k.State(time.Now()), SignsFrom: k.SignsFrom.Format(time.RFC3339)}
			if !k.RetiredAt.IsZero() {
				r.RetiredAt = k.RetiredAt.Format(time.RFC3339)
			}
			if c.JSON {
				err = lines.Encode(r)
			} else {
				_, err = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.ID, r.Alg, r.State, r.SignsFrom, r.RetiredAt)
			}
			if err != nil {
				return err
			}
		}
		return table.Flush()
	})
}

// A keyRow is a signing key as it is printed.
type keyRow struct {
	ID        string         `json:"kid"`
	Alg       oidc.Algorithm `json:"alg"`
	State     oidc.KeyState  `json:"state"`
	SignsFrom string         `json:"signs_from"`           // RFC 3339
	RetiredAt string         `json:"retired_at,omitempty"` // RFC 3339
}

// Run adds keys.
func (c *rotateKeysCommand) Run(s cli.Streams) error {
	return withProvider(c.Flags, func(ctx context.Context, p *oidc.Provider) error {
		rotated, err := p.RotateSigningKeys(ctx)
		if err == nil && !rotated {
			err = errors.New("a new key is waiting to sign already; nothing was changed")
		}
		if err == nil {
			_, err = fmt.Fprintf(s.Out, "new keys were added; they sign in %s\n", auth.ShortDuration(auth.SigningKeyPublished))
		}
		return err
	})
}
