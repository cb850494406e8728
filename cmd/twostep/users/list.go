package users

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/datadir"
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
	return withRules(c.Flags, func(ctx context.Context, rules *auth.Rules) error {
		found, err := rules.Account(ctx, c.Email)
		if err != nil {
			return c.explain(err)
		}
		r := newDetails(found)
		if c.JSON {
			return json.NewEncoder(s.Out).Encode(r)
		}
		table := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "email\t%s\nname\t%s\nid\t%s\ncreated\t%s\nlast seen\t%s\nstate\t%s\n", r.Email, r.Name, r.ID, r.Created, cmp.Or(r.LastSeen, "never"), r.State)
		fmt.Fprintf(table, "authenticator app\t%v\npasskeys\t%d\nphones for MFA\t%d\nbackup codes left\t%d\n", r.TOTP, r.Passkeys, r.Phones, r.BackupCodes)
		fmt.Fprintf(table, "second email address\t%s\nsessions\t%d\ngroups\t%s\nrole\t%s\n", cmp.Or(r.NoticeEmail, "none"), r.Sessions, strings.Join(r.Groups, " "), r.Role)
		for _, w := range r.Waits {
			fmt.Fprintf(table, "after failures\t%s\n", w)
		}
		return table.Flush()
	})
}

// Run prints the accounts page by page, so that a million need no memory.
func (c *listCommand) Run(s cli.Streams) error {
	return withRules(c.Flags, func(ctx context.Context, rules *auth.Rules) error {
		table := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		lines := json.NewEncoder(s.Out)
		if !c.JSON {
			fmt.Fprintln(table, "EMAIL\tCREATED\tLAST SEEN\tMFA\tSTATE")
		}
		after := ""
		for more := true; more; {
			page, next, err := rules.Accounts(ctx, after)
			if err != nil {
				return err
			}
			more = next
			for _, a := range page {
				after = a.User.Email.Key
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
	State    string   `json:"state"`     // active, disabled, or must-change-password
	TOTP     bool     `json:"totp"`
	Passkeys int      `json:"passkeys"`
	Phones   int      `json:"phones"`
	Sessions int      `json:"sessions"`
	Groups   []string `json:"groups"`
	Role     string   `json:"role"` // on the administration pages: admin, support, viewer or none
}

func newRow(a auth.Account) row {
	r := row{
		Email: a.User.Email.Typed, Name: a.Name, ID: string(a.ID), Created: a.CreatedAt.Format(time.RFC3339), State: "active",
		TOTP: a.TOTP, Passkeys: a.Passkeys, Phones: a.Phones, Sessions: a.Sessions, Groups: append([]string{}, a.Groups...), Role: a.Role.String(),
	}
	if !a.SeenAt.IsZero() {
		r.LastSeen = a.SeenAt.Format(time.RFC3339)
	}
	switch {
	case a.Disabled:
		r.State = "disabled"
	case a.MustChange:
		r.State = "must-change-password"
	}
	return r
}

// details are what is printed of one account.
type details struct {
	row
	BackupCodes int    `json:"backup_codes"` // left
	NoticeEmail string `json:"notice_email"` // empty for none
	Waits       []wait `json:"waits"`
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

func newDetails(a auth.Account) details {
	d := details{row: newRow(a), BackupCodes: a.BackupCodes, NoticeEmail: a.NoticeEmail, Waits: []wait{}}
	for _, w := range a.Waits {
		printed := wait{Factor: string(w.Factor), KnownDevices: w.KnownDevices}
		if !w.Until.IsZero() {
			printed.Until = w.Until.Format(time.RFC3339)
		}
		d.Waits = append(d.Waits, printed)
	}
	return d
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
