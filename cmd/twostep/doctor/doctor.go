// Package doctor checks an installation without changing it.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/settings"
)

// A Command is the command line of doctor. It takes the flags of serve and
// checks everything that serve would need; it sends and changes nothing.
type Command struct{ settings.Flags }

// errFailed is returned if a check failed. The lines printed before say which.
var errFailed = errors.New("some checks failed: see the lines that begin with FAIL")

// A report collects the results of the checks, a line for each.
type report struct {
	settings.Settings
	flags    settings.Flags
	out      io.Writer
	keyring  auth.Keyring   // set by keys
	passkeys map[string]int // by domain; set by database
	lastSeen time.Time      // of any session; set by database
	lastStep time.Time      // of any authenticator app; set by database
	failed   bool
}

// Run runs the checks.
func (c *Command) Run(s cli.Streams) error {
	r := report{flags: c.Flags, out: s.Out}
	parsed, err := c.Parse()
	if err != nil {
		r.fail("configuration", "%v", err)
		return errFailed // the other checks would be about other settings than the intended ones
	}
	r.Settings = parsed
	r.ok("configuration", "all values are valid")
	ctx := cli.SignalContext()
	for _, check := range []func(context.Context){
		r.folder, r.keys, r.database, r.clock, r.disk, r.url, r.passkeyDomain, r.signUp, r.proxies, r.forwardAuth, r.mail, r.sms,
	} {
		check(ctx)
	}
	if r.failed {
		return errFailed
	}
	return nil
}

func (r *report) ok(check, detail string, args ...any) { r.line("ok", check, detail, args) }

// warn is for what may be intended, but rarely is.
func (r *report) warn(check, detail string, args ...any) { r.line("warn", check, detail, args) }

// fail is for what keeps users out or lets attackers in.
func (r *report) fail(check, detail string, args ...any) {
	r.failed = true
	r.line("FAIL", check, detail, args)
}

func (r *report) line(result, check, detail string, args []any) {
	fmt.Fprintf(r.out, "%-4s  %s: %s\n", result, check, cli.OneLine(fmt.Errorf(detail, args...)))
}
