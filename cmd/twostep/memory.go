package main

import (
	"os"
	"runtime/debug"

	"twostep/auth"
)

const (
	megabyte = 1 << 20
	// memoryBeside is room for all but the hasher: a thousand connections, the
	// pages they ask for, and the runtime.
	memoryBeside = 44 * megabyte
)

// collectSeldom sets the garbage collector for what this program does: pages
// that leave little behind, for which it would otherwise run all the time, and
// hashes that leave 19 MiB each. So the heap may grow to four times what is in
// use, but not over a limit that is half as much again as all hashes take that
// run at once, so that none waits for the collector. GOGC and GOMEMLIMIT, where
// the operator has set them, count instead.
func collectSeldom(hashes int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		hash := int64(auth.DefaultCost.Memory) << 10
		debug.SetMemoryLimit(memoryBeside + int64(hashes)*hash*3/2)
	}
}
