package cli

import (
	"fmt"
	"strings"
)

// A FlagError reports a flag whose value cannot be used. The value may have
// come from the environment, so the message names the variable too.
type FlagError struct {
	Flag string // with its dashes
	Err  error
}

// Error implements error.
func (e *FlagError) Error() string {
	return fmt.Sprintf("%s (%s): %v", e.Flag, Variable(strings.TrimPrefix(e.Flag, "--")), e.Err)
}

// Variable returns the environment variable of a flag, which is named without its
// dashes.
func Variable(flag string) string {
	return "TWOSTEP_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Unwrap returns the cause.
func (e *FlagError) Unwrap() error { return e.Err }

// Parse converts the value of a flag. It stores the first failure in err as a
// [*FlagError] and does nothing once err is set, so that a command can parse
// all of its flags and check once.
func Parse[From, To any](err *error, flag string, value From, parse func(From) (To, error)) To {
	var parsed To
	if *err != nil {
		return parsed
	}
	parsed, failure := parse(value)
	if failure != nil {
		*err = &FlagError{flag, failure}
	}
	return parsed
}
