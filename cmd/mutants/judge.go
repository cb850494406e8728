package main

import (
	"context"
	"fmt"
	"time"

	switches "twostep/cmd/mutants/fault"
)

// A candidate is a fault that no test noticed so far.
type candidate struct {
	fault
	passed  int    // tests
	leftOut []test // for their duration
}

// judge makes each fault and prints the test that notices it, or at the end that it
// survived. The tests of other packages are only built for the faults that those of the
// fault's own package leave.
func (s *suite) judge(ctx context.Context, faults []fault, limit time.Duration) error {
	var left, survivors []candidate
	for _, f := range faults {
		left = append(left, candidate{fault: f})
	}
	for stage := 0; len(left) > 0; stage++ {
		var next []candidate
		for _, c := range left {
			if stage == len(s.tested[c.folder]) {
				survivors = append(survivors, c)
				continue
			}
			noticed, err := s.judgeIn(ctx, s.tested[c.folder][stage], &c, limit)
			if err != nil {
				return err
			}
			if !noticed {
				fmt.Fprintf(s.out, "not noticed in %s: %s\n", s.tested[c.folder][stage], c)
				next = append(next, c)
			}
		}
		left = next
	}
	survived, unreached, undecided := 0, 0, 0
	for _, c := range survivors {
		if c.passed == 0 && len(c.leftOut) > 0 { // only slow tests reach it
			slow := c.leftOut[:1]
			c.leftOut = c.leftOut[1:]
			if noticed, err := s.try(ctx, &c, slow); noticed || err != nil {
				continue
			}
		}
		survived++
		fmt.Fprintf(s.out, "SURVIVED %d tests: %s\n", c.passed, c)
		if c.passed == 0 {
			unreached++
		}
		if len(c.leftOut) > 0 {
			undecided++
			fmt.Fprintln(s.out, "    left out for their duration:", c.leftOut)
		}
	}
	fmt.Fprintf(s.out, "%d faults, %d noticed, %d survived, of which no test reaches %d and some tests were left out for %d\n",
		len(faults), len(faults)-survived, survived, unreached, undecided)
	return ctx.Err()
}

// judgeIn runs the tests in a folder that reach a fault, the quickest first, in parts of
// growing duration, until one fails or the limit is used up.
func (s *suite) judgeIn(ctx context.Context, folder string, c *candidate, limit time.Duration) (noticed bool, err error) {
	all, err := s.testsIn(ctx, folder)
	if err != nil {
		return false, err
	}
	var tests []test
	for _, t := range all {
		if t.reached[c.number] {
			tests = append(tests, t)
		}
	}
	for size := time.Second; len(tests) > 0; size *= 2 {
		n, sum := 1, tests[0].duration
		for n < len(tests) && sum+tests[n].duration <= min(size, limit) {
			sum += tests[n].duration
			n++
		}
		if sum > limit {
			c.leftOut = append(c.leftOut, tests...)
			return false, nil
		}
		if noticed, err := s.try(ctx, c, tests[:n]); noticed || err != nil {
			return noticed, err
		}
		tests, limit = tests[n:], limit-sum
	}
	return false, nil
}

// try makes a fault for some tests in one folder, and prints which of them notices it.
func (s *suite) try(ctx context.Context, c *candidate, tests []test) (noticed bool, err error) {
	timeout := time.Minute
	var names []string
	for _, t := range tests {
		names = append(names, t.name)
		timeout += 5 * t.duration
	}
	_, by := s.run(ctx, tests[0].folder, names, timeout, fmt.Sprint(switches.Variable, "=", c.number))
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if by == "" {
		c.passed += len(tests)
		return false, nil
	}
	fmt.Fprintf(s.out, "killed by %s: %s\n", by, c)
	return true, nil
}
