package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	switches "twostep/cmd/mutants/fault"
)

// A suite is the tests of packages that are compiled with all faults.
type suite struct {
	dir    string // of the switched files and the test binaries
	out    io.Writer
	tested map[string][]string // the folders with faults, and the folders with tests of each
	tests  map[string][]test   // by folder, the quickest first
}

// A test is one test function.
type test struct {
	folder, name string
	duration     time.Duration
	reached      map[int]bool // the faults
}

func (t test) String() string {
	return fmt.Sprintf("%s in %s (%s)", t.name, t.folder, t.duration.Round(time.Second))
}

// path returns the place for what belongs to a file or folder.
func (s *suite) path(name string) string {
	return filepath.Join(s.dir, strings.ReplaceAll(filepath.ToSlash(name), "/", "_"))
}

func (s *suite) overlay() string { return s.path("overlay.json") }

// write writes switched copies of all files, and returns their faults.
func (s *suite) write() (all []fault, err error) {
	replaced := map[string]string{}
	for _, folder := range slices.Sorted(maps.Keys(s.tested)) {
		var files map[string][]byte
		if files, all, err = switchFolder(folder, all); err != nil {
			return nil, err
		}
		for name, text := range files {
			replaced[name] = s.path(name)
			if err := os.WriteFile(s.path(name), text, 0o600); err != nil {
				return nil, err
			}
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return nil, err
	}
	return all, os.WriteFile(s.overlay(), overlay, 0o600)
}

// build compiles the tests in a folder.
func (s *suite) build(ctx context.Context, folder string) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", s.overlay(), "-o", s.path(folder), "./"+folder)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the tests of %s: %w\n%s", folder, err, output)
	}
	return nil
}

// testsIn returns the tests in a folder. The first time it builds them.
func (s *suite) testsIn(ctx context.Context, folder string) (tests []test, err error) {
	tests, ok := s.tests[folder]
	if ok {
		return tests, nil
	}
	start := time.Now()
	if err := s.build(ctx, folder); err != nil {
		return nil, err
	}
	built := time.Now()
	if s.tests[folder], err = s.trace(ctx, folder); err != nil {
		return nil, err
	}
	fmt.Fprintf(s.out, "%s: tests built in %s and run in %s\n", folder, built.Sub(start).Round(time.Second), time.Since(built).Round(time.Second))
	return s.tests[folder], nil
}

// trace runs each test in a folder without a fault, and returns those that pass. It
// prints those that fail or skip themselves, because they notice nothing.
func (s *suite) trace(ctx context.Context, folder string) (tests []test, err error) {
	list, err := exec.CommandContext(ctx, s.path(folder), "-test.list", "^(Test|Fuzz|Example)").Output()
	if err != nil {
		return nil, fmt.Errorf("list the tests of %s: %w", folder, err)
	}
	skipped := map[string][]string{}
	for _, name := range strings.Fields(string(list)) {
		if err := os.WriteFile(s.path("trace"), nil, 0o600); err != nil {
			return nil, err
		}
		start := time.Now()
		output, by := s.run(ctx, folder, []string{name}, 10*time.Minute, switches.TraceVariable+"="+s.path("trace"))
		t := test{folder, name, time.Since(start), map[int]bool{}}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case by != "":
			fmt.Fprintf(s.out, "NOT USED, fails without a fault: %s in %s\n%s\n", name, folder, output)
			continue
		}
		reasons := map[string]string{}
		for _, found := range firstLine.FindAllSubmatch(output, -1) {
			reasons[string(found[1])] = string(found[2])
		}
		for _, found := range skippedTest.FindAllSubmatch(output, -1) {
			reason := reasons[string(found[1])]
			skipped[reason] = append(skipped[reason], string(found[1]))
		}
		trace, err := os.ReadFile(s.path("trace"))
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(trace)) {
			var number int
			if _, err := fmt.Sscan(line, &number); err != nil {
				return nil, err
			}
			t.reached[number] = true
		}
		tests = append(tests, t)
	}
	for _, reason := range slices.Sorted(maps.Keys(skipped)) {
		fmt.Fprintf(s.out, "SKIPPED in %s: %s: %s\n", folder, reason, strings.Join(skipped[reason], ", "))
	}
	slices.SortFunc(tests, func(x, y test) int { return cmp.Compare(x.duration, y.duration) })
	return tests, nil
}

var (
	failedTest  = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	skippedTest = regexp.MustCompile(`(?m)^\s*--- SKIP: (\S+)`)
	firstLine   = regexp.MustCompile(`(?m)^=== \w+ +(\S+)\n +\S+\.go:\d+: (.*)$`) // that a test logs
)

// run runs tests in a folder. It returns what failed first: a test, "timeout" or "crash".
func (s *suite) run(ctx context.Context, folder string, names []string, timeout time.Duration, variable string) (output []byte, by string) {
	ctx, cancel := context.WithTimeout(ctx, timeout+10*time.Second) // for tests that ignore their own timeout
	defer cancel()
	cmd := exec.CommandContext(ctx, s.path(folder), "-test.v", "-test.failfast", "-test.timeout", timeout.String(),
		"-test.run", "^("+strings.Join(names, "|")+")$")
	cmd.Dir, cmd.WaitDelay = folder, 10*time.Second
	cmd.Env = append(os.Environ(), "RAPID_CHECKS=20", "RAPID_NOFAILFILE=true", variable)
	output, err := cmd.CombinedOutput()
	failed := failedTest.FindSubmatch(output)
	switch {
	case err == nil:
		return output, ""
	case failed != nil:
		return output, string(failed[1])
	case ctx.Err() != nil || bytes.Contains(output, []byte("panic: test timed out")):
		return output, "timeout"
	}
	return output, "crash"
}
