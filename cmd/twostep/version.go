package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"twostep/cmd/twostep/internal/cli"
)

const version = "0.1.0-dev"

type versionCommand struct{}

// Run prints the version, and the commit and toolchain that it was built from.
func (versionCommand) Run(s cli.Streams) error {
	built := version
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings { // revision comes before modified
			switch {
			case setting.Key == "vcs.revision":
				built += fmt.Sprintf(" (%.12s)", setting.Value)
			case setting.Key == "vcs.modified" && setting.Value == "true":
				built += " modified"
			}
		}
	}
	_, err := fmt.Fprintf(s.Out, "twostep %s %s %s/%s\n", built, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
