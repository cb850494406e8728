package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"twostep/auth"
)

// doctor looks at all that serve would need, with the same flags, and says what
// it finds. It sends nothing and changes nothing.
type doctor struct{ flags }

// errUnwell is the word's answer where something must be done. The lines above
// it have said what.
var errUnwell = errors.New("something must be done before this is sound: see the lines that begin with FAIL")

// An examination is a look at one installation, a line for each thing.
type examination struct {
	settings
	given    flags
	t        terminal
	opened   auth.Keyring // the keys, once they were read
	lastSeen time.Time    // of anybody, once the database was read
	ill      bool         // whether something must be done
}

// Run prints the lines.
func (d *doctor) Run(t terminal) error {
	e := examination{given: d.flags, t: t}
	s, err := d.settings()
	if err != nil {
		e.fail("configuration", "%v", err)
		return errUnwell // the rest would be about something else than what was meant
	}
	e.settings = s
	e.fine("configuration", "every value can be read")
	ctx := untilTold()
	for _, look := range []func(context.Context){
		e.folder, e.ring, e.database, e.clock, e.disk, e.url, e.proxied, e.mails, e.texts,
	} {
		look(ctx)
	}
	if e.ill {
		return errUnwell
	}
	return nil
}

func (e *examination) fine(what, detail string, about ...any) { e.line("ok", what, detail, about) }

// warn is for what can be meant so, and seldom is.
func (e *examination) warn(what, detail string, about ...any) { e.line("warn", what, detail, about) }

// fail is for what keeps people out or lets others in.
func (e *examination) fail(what, detail string, about ...any) {
	e.ill = true
	e.line("FAIL", what, detail, about)
}

func (e *examination) line(verdict, what, detail string, about []any) {
	said := oneLine(fmt.Errorf(detail, about...))
	fmt.Fprintf(e.t.out, "%-4s  %s: %s\n", verdict, what, said)
}
