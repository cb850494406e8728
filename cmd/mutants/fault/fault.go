// Package fault switches on the faults that the command mutants compiles into other
// packages. No other program imports it.
package fault

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// The environment variables that a test binary gets.
const (
	Variable      = "FAULT"       // the number of the fault to make
	TraceVariable = "FAULT_TRACE" // the file for the numbers of the faults that the tests reach
)

var (
	made, _ = strconv.Atoi(os.Getenv(Variable)) // 0: none
	trace   = os.Getenv(TraceVariable)
	reached sync.Map
)

// On reports whether fault n is made.
func On(n int) bool {
	if trace != "" {
		if _, again := reached.LoadOrStore(n, true); !again {
			record(n)
		}
	}
	return n == made
}

// record writes at once, because a test may end its process.
func record(n int) {
	f, err := os.OpenFile(trace, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintln(f, n); err != nil {
		panic(err)
	}
}

// Pick returns the original text, or the changed one if fault n is made.
func Pick(n int, original, changed string) string {
	if On(n) {
		return changed
	}
	return original
}

// Compare compares a and b by <, <=, > or >=. If fault n is made, equal values count when
// they should not, and the reverse.
func Compare[T cmp.Ordered](n int, a T, operator string, b T) bool {
	equal := strings.HasSuffix(operator, "=") != On(n)
	return a < b && operator[0] == '<' || a > b && operator[0] == '>' || a == b && equal
}

// Keep returns the values without the one whose fault is made. Their faults have the
// numbers from first.
func Keep[T any](first int, all ...T) (kept []T) {
	for i, value := range all {
		if !On(first + i) {
			kept = append(kept, value)
		}
	}
	return kept
}
