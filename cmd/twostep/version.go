package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is the word that prints what runs here.
type version struct{}

// Run prints one line: the program's version and that of its tool chain, for
// a report of a fault.
func (version) Run(t terminal) error {
	built := "(devel)"
	if info, found := debug.ReadBuildInfo(); found && info.Main.Version != "" {
		built = info.Main.Version
	}
	_, err := fmt.Fprintf(t.out, "twostep %s %s %s/%s\n", built, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
