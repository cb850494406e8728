package users

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"twostep/auth"
	"twostep/auth/oidc"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
	"twostep/db"
)

type (
	showCommand struct {
		account
		JSON bool `name:"json" help:"Print JSON."`
	}
	listCommand struct {
		datadir.Flags
		JSON bool `name:"json" help:"Print one JSON object per line."`
	}
)

// Run prints the account.
func (c *showCommand) Run(s cli.Streams) error {
	return c.WithStore(func(ctx context.Context, store *db.Store, keys auth.Keyring) error {
		rules := newRules(store, keys)
		found, err := rules.Account(ctx, c.Email)
		if err != nil {
			return c.explain(err)
		}
		apps, err := oidc.New(store, rules, "").ConnectedApps(ctx, found.ID)
		if err != nil {
			return err
		}
		r := newDetails(found, apps)
		if c.JSON {
			return json.NewEncoder(s.Out).Encode(r)
		}
		table := cli.Table(s.Out)
		fmt.Fprintf(table, "email\t%s\nname\t%s\nid\t%s\ncreated\t%s\nlast seen\t%s\nstate\t%s\n", r.Email, r.Name, r.ID, r.Created, cmp.Or(r.LastSeen, "never"), r.State)
		fmt.Fprintf(table, "authenticator app\t%v\npasskeys\t%d\nphones for MFA\t%d\nbackup codes left\t%d\n", r.TOTP, r.Passkeys, r.Phones, r.BackupCodes)
		fmt.Fprintf(table, "second email address\t%s\nsessions\t%d\ngroups\t%s\nrole\t%s\n", cmp.Or(r.NoticeEmail, "none"), r.Sessions, strings.Join(r.Groups, " "), r.Role)
		if r.Recovery != nil {
			fmt.Fprintf(table, "recovery\trequested %s, due %s, by %s\n", r.Recovery.Requested, r.Recovery.Due, cmp.Or(r.Recovery.By, "the user"))
		}
		if r.Recovered {
			fmt.Fprintf(table, "recovery\tcompleted: sign-in needs a code by email until there is a second factor\n")
		}
		for _, app := range r.Apps {
			fmt.Fprintf(table, "connected app\t%s (since %s)\n", app.Name, app.Since)
		}
		for _, w := range r.Waits {
			fmt.Fprintf(table, "after failures\t%s\n", w)
		}
		return table.Flush()
	})
}

// Run prints the accounts page by page, so that a million need no memory.
func (c *listCommand) Run(s cli.Streams) error {
	return withRules(c.Flags, func(ctx context.Context, rules *auth.Rules) error {
		table := cli.Table(s.Out)
		lines := json.NewEncoder(s.Out)
		if !c.JSON {
			fmt.Fprintln(table, "EMAIL\tCREATED\tLAST SEEN\tMFA\tSTATE")
		}
		for q, more := (auth.PeopleQuery{}), true; more; more = q.After != "" {
			page, err := rules.People(ctx, q)
			if err != nil {
				return err
			}
			q.After = page.Next
			for _, a := range page.Accounts {
				r := newRow(a)
				if c.JSON {
					err = lines.Encode(r)
				} else {
					_, err = fmt.Fprintf(table, "%s\t%s\t%s\t%v\t%s\n", r.Email, r.Created, r.LastSeen, onOff(r.TOTP || r.Passkeys > 0 || r.Phones > 0), r.State)
				}
				if err != nil {
					return err
				}
			}
			if err := table.Flush(); err != nil {
				return err
			}
		}
		return nil
	})
}

// A row is an account as it is printed.
type row struct {
	Email    string   `json:"email"`
	Name     string   `json:"name"` // as the user calls themselves; empty for none
	ID       string   `json:"id"`
	Created  string   `json:"created"`   // RFC 3339
	LastSeen string   `json:"last_seen"` // RFC 3339; empty for never
	State    string   `json:"state"`     // active, disabled, locked, invited or must-change
	TOTP     bool     `json:"totp"`
	Passkeys int      `json:"passkeys"`
	Phones   int      `json:"phones"`
	Sessions int      `json:"sessions"`
	Groups   []string `json:"groups"`
	Role     string   `json:"role"` // on the administration pages: admin, support, viewer or none
}

func newRow(a auth.Account) row {
	r := row{
		Email: a.User.Email.Typed, Name: a.Name, ID: string(a.ID), Created: a.CreatedAt.Format(time.RFC3339), State: string(a.State()),
		TOTP: a.TOTP, Passkeys: a.Passkeys, Phones: a.Phones, Sessions: a.Sessions, Groups: append([]string{}, a.Groups...), Role: a.Role.String(),
	}
	if !a.SeenAt.IsZero() {
		r.LastSeen = a.SeenAt.Format(time.RFC3339)
	}
	return r
}

// details are what is printed of one account.
type details struct {
	row
	BackupCodes int    `json:"backup_codes"` // left
	NoticeEmail string `json:"notice_email"` // empty for none
	Waits       []wait `json:"waits"`
	Apps        []app  `json:"apps"` // that the account has signed in to

	Recovery  *recovery `json:"recovery"`  // pending; null for none
	Recovered bool      `json:"recovered"` // sign-in needs a code by email until there is a second factor
}

// A recovery removes the second factors when it is due.
type recovery struct {
	Requested string `json:"requested"` // RFC 3339
	Due       string `json:"due"`       // RFC 3339
	By        string `json:"by"`        // account of the administrator who started it; empty for the user
}

// An app is an app that the account has signed in to and not disconnected.
type app struct {
	ID    string `json:"client_id"`
	Name  string `json:"name"`
	Since string `json:"since"` // RFC 3339
}

// A wait is a wait or a lock after failures.
type wait struct {
	Factor       string `json:"factor"`
	KnownDevices bool   `json:"known_devices"` // or all others
	Until        string `json:"until"`         // RFC 3339; empty for a lock
}

func (w wait) String() string {
	devices := "new devices"
	if w.KnownDevices {
		devices = "known devices"
	}
	if w.Until == "" {
		return fmt.Sprintf("%s is locked on %s", w.Factor, devices)
	}
	return fmt.Sprintf("%s has to wait on %s until %s", w.Factor, devices, w.Until)
}

func newDetails(a auth.Account, apps []oidc.ConnectedApp) details {
	d := details{row: newRow(a), BackupCodes: a.BackupCodes, NoticeEmail: a.NoticeEmail, Waits: []wait{}, Apps: []app{}}
	for _, w := range a.Waits {
		printed := wait{Factor: string(w.Factor), KnownDevices: w.KnownDevices}
		if !w.Until.IsZero() {
			printed.Until = w.Until.Format(time.RFC3339)
		}
		d.Waits = append(d.Waits, printed)
	}
	if p := a.Recovery; p.Pending() {
		d.Recovery = &recovery{p.RequestedAt.Format(time.RFC3339), p.DueAt.Format(time.RFC3339), p.Actor}
	}
	d.Recovered = a.Factors.Recovered
	for _, c := range apps {
		d.Apps = append(d.Apps, app{c.ID, c.Name, c.Since.Format(time.RFC3339)})
	}
	return d
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
