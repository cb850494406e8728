package serve

import (
	"os"
	"runtime/debug"

	"twostep/auth"
)

// tuneGC sets the garbage collector for a program whose pages allocate little,
// which would make it collect all the time, and whose password hashes allocate
// much. GOGC and GOMEMLIMIT override it.
func tuneGC(hashes int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(auth.HeapGrowth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(auth.DefaultCost.HeapLimit(hashes))
	}
}
