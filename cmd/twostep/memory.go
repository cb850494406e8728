package main

import (
	"os"
	"runtime/debug"

	"twostep/auth"
)

// collectSeldom sets the garbage collector for what this program does: pages
// that leave little behind, for which it would otherwise run all the time, and
// hashes that leave much. GOGC and GOMEMLIMIT, where the operator has set them,
// count instead.
func collectSeldom(hashes int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(auth.HeapGrowth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(auth.DefaultCost.HeapLimit(hashes))
	}
}
