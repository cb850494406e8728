// Standards prints the requirements of auth/standards.md with the tests that cite
// them. It runs as "make standards".
package main

import (
	"errors"
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

// run prints the requirements of the project in a folder. It returns an error if
// a requirement of grade must is not tested, or if a citation is wrong.
func run(folder string, out io.Writer) error {
	requirements, err := readRequirements(folder)
	if err != nil {
		return err
	}
	tests, err := readTests(folder)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range requirements {
		fmt.Fprintf(table, "%s\t%s\t%s\n", r.id, r.grade, r.evidence(tests))
	}
	table.Flush()
	fmt.Fprintf(out, "\n%s\n", summary(requirements, tests))
	return check(requirements, tests)
}

// evidence lists the tests of a requirement, or the reason why there are none.
func (r requirement) evidence(tests tests) string {
	switch names := tests.byID[r.id]; {
	case len(names) > 0:
		return strings.Join(names, ", ")
	case r.untested != "":
		return "missing: " + r.untested
	default:
		return "missing"
	}
}

// summary counts the tested requirements by grade. The README contains the same
// line.
func summary(requirements []requirement, tests tests) string {
	total, tested := map[string]int{}, map[string]int{}
	for _, r := range requirements {
		total[r.grade]++
		if len(tests.byID[r.id]) > 0 {
			tested[r.grade]++
		}
	}
	counts := make([]string, 0, len(grades))
	for _, grade := range grades {
		counts = append(counts, fmt.Sprintf("%s: %d of %d", grade, tested[grade], total[grade]))
	}
	return strings.Join(counts, ", ")
}

// check compares the requirements with the citations.
func check(requirements []requirement, tests tests) error {
	var errs []error
	known := map[string]bool{}
	for _, r := range requirements {
		known[r.id] = true
		tested := len(tests.byID[r.id]) > 0
		if r.grade == "must" && !tested && r.untested == "" {
			errs = append(errs, fmt.Errorf("%s is required, but no test cites it", r.id))
		}
		if tested && r.untested != "" {
			errs = append(errs, fmt.Errorf("%s is listed as untested, but a test cites it", r.id))
		}
	}
	for _, c := range tests.citations {
		if !known[c.id] {
			errs = append(errs, fmt.Errorf("%s cites %s, which does not exist", c.file, c.id))
		}
	}
	return errors.Join(errs...)
}
