// Package cli is what all commands share: running a command line, reporting a
// bad flag, stopping on a signal, and writing numbers in messages.
package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// Streams are the outputs of a command: its result goes to Out, everything
// else to Err.
type Streams struct{ Out, Err io.Writer }

// Given are the names of the flags on the command line, without their dashes, as
// opposed to those set by the environment. A command's Run method may ask for it.
type Given []string

// Run parses a command line and runs its command. Commands is a pointer to a
// struct with kong's tags. Run returns the exit code: 0 for success, 1 for a
// failure, 2 for a wrong command line or setting.
func Run(commands any, args []string, s Streams) int {
	parser := kong.Must(commands,
		kong.Name("twostep"),
		kong.Description("Self-hosted accounts with two-step verification."),
		kong.Writers(s.Out, s.Err),
		kong.Bind(s),
	)
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(s.Err, "twostep:", OneLine(err))
		return 2
	}
	var given Given
	for _, element := range command.Path {
		if element.Flag != nil && !element.Resolved {
			given = append(given, element.Flag.Name)
		}
	}
	err = command.Run(given)
	if err == nil {
		return 0
	}
	fmt.Fprintln(s.Err, "twostep:", OneLine(err))
	if _, bad := errors.AsType[*FlagError](err); bad {
		return 2
	}
	return 1
}
