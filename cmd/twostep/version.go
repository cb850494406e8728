package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"twostep/cmd/twostep/internal/cli"
)

// version is set by the linker, see the Makefile. If it is empty, the version is
// the one that "go build" derives from the git tags and commit.
var version string

type versionCommand struct{}

func builtVersion() string {
	built := version
	if info, ok := debug.ReadBuildInfo(); ok {
		built = cmp.Or(built, info.Main.Version)
	}
	return cmp.Or(built, "unknown")
}

// Run prints the version, and the toolchain that the program was built with.
func (versionCommand) Run(s cli.Streams) error {
	_, err := fmt.Fprintf(s.Out, "twostep %s %s %s/%s\n", builtVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// A versionFlag is --version, which does what the command does.
type versionFlag bool

// BeforeReset is called by kong before it checks the command line.
func (versionFlag) BeforeReset(app *kong.Kong, s cli.Streams) error {
	err := versionCommand{}.Run(s)
	app.Exit(0)
	return err
}
