// Package policy holds the commands that show and change the settings which operators
// change while the site runs.
package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/cmd/twostep/internal/settings"
	"twostep/db"
)

// A Command is the command line of settings.
type Command struct {
	List listCommand `cmd:"" help:"List the settings with their values and the values they can have."`
	Set  setCommand  `cmd:"" help:"Change a setting on all running servers within seconds. One whose flag is given to serve does not change."`
}

type (
	flags struct {
		datadir.Flags
		settings.OriginFlags
		settings.RuntimeFlags
	}
	listCommand struct{ flags }
	setCommand  struct {
		flags
		Name  string `arg:"" name:"name" help:"Setting, as list prints it."`
		Value string `arg:"" name:"value" help:"Its new value."`
	}
)

// Run prints the settings.
func (c *listCommand) Run(s cli.Streams, given cli.Given) error {
	return c.withRules(given, func(_ context.Context, rules *auth.Rules) error {
		table := cli.Table(s.Out)
		fmt.Fprintln(table, "NAME\tVALUE\tVALUES\tSET BY")
		for _, v := range rules.Settings() {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", v.Setting, v.Value, strings.Join(v.Values, " "), v.Flag)
		}
		return table.Flush()
	})
}

// Run changes a setting.
func (c *setCommand) Run(s cli.Streams, given cli.Given) error {
	return c.withRules(given, func(ctx context.Context, rules *auth.Rules) error {
		for _, v := range rules.Settings() {
			if string(v.Setting) != c.Name {
				continue
			}
			err := rules.ChangeSettings(ctx, auth.Operator{}, []auth.SettingChange{{StoredSetting: auth.StoredSetting{Setting: v.Setting, Value: c.Value}}})
			if err != nil {
				return explain(err, v, c.Value)
			}
			_, err = fmt.Fprintf(s.Out, "%s is %s\n", c.Name, c.Value)
			return err
		}
		return fmt.Errorf("there is no setting %q: see twostep settings list", c.Name)
	})
}

func explain(err error, v auth.SettingValue, value string) error {
	p, ok := errors.AsType[*auth.Problem](err)
	if !ok {
		return err
	}
	switch p.Reason {
	case auth.UnknownAction:
		return fmt.Errorf("%q is not a value of %s: give %s", value, v.Setting, strings.Join(v.Values, ", "))
	case auth.SettingFixed:
		return fmt.Errorf("%s is set by %s, which is given here; nothing was changed", v.Setting, v.Flag)
	case auth.SettingsNoFactor:
		return errors.New("no second factor would be left that users can add: leave passkey, totp or sms on")
	}
	return err
}

// withRules calls do with the rules of the data and the settings in force.
func (f *flags) withRules(given cli.Given, do func(context.Context, *auth.Rules) error) error {
	p, err := f.Policy(given)
	if err != nil {
		return err
	}
	site, err := f.Origin()
	if err != nil {
		return err
	}
	settings.FixPasskeys(&p, site)
	return f.WithStore(func(ctx context.Context, store *db.Store, keys auth.Keyring) error {
		rules := auth.New(store, keys, nil, p, time.Now)
		if err := rules.ReloadSettings(ctx); err != nil {
			return err
		}
		return do(ctx, rules)
	})
}
