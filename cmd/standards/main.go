// Standards prints which test proves which promise of auth/standards.md:
// "make standards".
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

func main() {
	if err := run(".", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run prints the map of the project in a folder. A promise that has to hold and
// that nothing proves is an error.
func run(folder string, out io.Writer) error {
	promises, err := readPromises(folder)
	if err != nil {
		return err
	}
	tests, err := readTests(folder)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range promises {
		fmt.Fprintf(table, "%s\t%s\t%s\n", p.id, p.grade, p.proof(tests))
	}
	table.Flush()
	fmt.Fprintf(out, "\n%s\n", summary(promises, tests))
	if faults := check(promises, tests); len(faults) > 0 {
		return fmt.Errorf("%s", strings.Join(faults, "\n"))
	}
	return nil
}

// proof is the last column: the tests, or why there are none.
func (p promise) proof(tests tests) string {
	switch named := tests.byID[p.id]; {
	case len(named) > 0:
		return strings.Join(named, ", ")
	case p.why != "":
		return "missing: " + p.why
	default:
		return "missing"
	}
}

// summary counts, by grade, the promises that a test names: the line stands in
// the README.
func summary(promises []promise, tests tests) string {
	all, proved := map[string]int{}, map[string]int{}
	for _, p := range promises {
		all[p.grade]++
		if len(tests.byID[p.id]) > 0 {
			proved[p.grade]++
		}
	}
	counts := make([]string, 0, len(grades))
	for _, grade := range grades {
		counts = append(counts, fmt.Sprintf("%s: %d of %d", grade, proved[grade], all[grade]))
	}
	return strings.Join(counts, ", ")
}

// check says what is wrong with the map.
func check(promises []promise, tests tests) (faults []string) {
	known := map[string]bool{}
	for _, p := range promises {
		known[p.id] = true
		proved := len(tests.byID[p.id]) > 0
		if p.grade == "must" && !proved && p.why == "" {
			faults = append(faults, p.id+" must hold, and no test names it")
		}
		if proved && p.why != "" {
			faults = append(faults, p.id+" is said to have no test, and has one")
		}
	}
	for _, m := range tests.mentions {
		if !known[m.id] {
			faults = append(faults, fmt.Sprintf("%s names %s, which is no promise", m.where, m.id))
		}
	}
	return faults
}
