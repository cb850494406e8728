package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"twostep/cmd/twostep/internal/cli"
)

const version = "0.1.0-dev"

type versionCommand struct{}

// Run prints the version with the commit and the toolchain that it was built
// from.
func (versionCommand) Run(s cli.Streams) error {
	_, err := fmt.Fprintf(s.Out, "twostep %s%s %s %s/%s\n", version, revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// revision returns the commit as " (HASH)", or an empty string if it is unknown.
func revision() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	var commit, modified string
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			commit = setting.Value[:min(12, len(setting.Value))]
		case setting.Key == "vcs.modified" && setting.Value == "true":
			modified = ", modified"
		}
	}
	if commit == "" {
		return ""
	}
	return " (" + commit + modified + ")"
}
