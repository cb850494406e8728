// Mutants measures what the tests notice. It makes small faults in a copy of one file
// at a time, runs the tests with that copy, and prints the faults that no test noticed.
// A survivor needs a test, or is equivalent to the original.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// tested lists the packages with faults, and the packages whose tests cover each, the
// most likely first.
var tested = map[string][]string{
	"auth":               {"./auth", "./handlers", "./db"},
	"auth/access":        {"./auth/access", "./handlers", "./cmd/twostep/access"},
	"auth/oidc":          {"./auth/oidc", "./handlers", "./db"},
	"db":                 {"./db", "./auth", "./handlers"},
	"db/internal/engine": {"./db/internal/engine", "./db"},
	"handlers":           {"./handlers"},
}

func main() {
	n := flag.Int("n", 50, "number of faults")
	seed := flag.Uint64("seed", 1, "seed that chooses them")
	only := flag.String("files", ".", "regular expression of the files that get faults")
	timeout := flag.Duration("timeout", 10*time.Minute, "maximum duration of one package's tests")
	flag.Parse()
	if err := run(*n, *seed, *only, *timeout); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(n int, seed uint64, only string, timeout time.Duration) error {
	files, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	faults, err := findAll(files)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	slices.SortFunc(faults, func(a, b fault) int { return strings.Compare(a.order(seed), b.order(seed)) })
	fmt.Printf("%d of %d possible faults, seed %d\n", n, len(faults), seed)
	killed, made := 0, 0
	for _, f := range faults {
		if made == n {
			break
		}
		by, err := f.test(dir, timeout)
		if err != nil {
			return err
		}
		switch by {
		case "compiler":
			continue
		case "":
			fmt.Printf("SURVIVED %s\n", f)
		default:
			killed++
			fmt.Printf("killed by %s: %s\n", by, f)
		}
		made++
	}
	fmt.Printf("%d of %d faults were noticed\n", killed, made)
	return nil
}

// test returns what noticed the fault: the compiler or a test.
func (f fault) test(dir string, timeout time.Duration) (by string, err error) {
	original, err := filepath.Abs(f.file)
	if err != nil {
		return "", err
	}
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(changed, f.apply(), 0o600); err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		return "", err
	}
	if exec.Command("go", "build", "-overlay", overlay, "./"+filepath.Dir(f.file)).Run() != nil {
		return "compiler", nil
	}
	packages := tested[filepath.ToSlash(filepath.Dir(f.file))]
	for _, tests := range packages { // those of the same subject notice most faults, and take seconds
		if names := subjectTests(f.file, tests); names != "" {
			if by := failure(overlay, timeout, "-run", names, tests); by != "" {
				return by, nil
			}
		}
	}
	for _, tests := range packages {
		if by := failure(overlay, timeout, tests); by != "" {
			return by, nil
		}
	}
	return "", nil
}

var failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// failure runs tests with the changed file and returns the name of the one that fails,
// "timeout" if they do not end, or "" if all pass.
func failure(overlay string, timeout time.Duration, args ...string) (by string) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	args = append([]string{"test", "-overlay", overlay, "-count=1", "-vet=off", "-failfast", "-timeout", timeout.String()}, args...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "RAPID_CHECKS=10", "RAPID_NOFAILFILE=true")
	output, err := cmd.CombinedOutput()
	found := failedTest.FindSubmatch(output)
	switch {
	case err == nil:
		return ""
	case found != nil:
		return string(found[1])
	case ctx.Err() != nil || bytes.Contains(output, []byte("panic: test timed out")):
		return "timeout"
	}
	return args[len(args)-1] // a panic, or a test that does not compile
}

var testName = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// subjectTests returns a pattern of the tests of a package about the subject of a file:
// a subject is the file's name in every package. It is empty if there are none.
func subjectTests(file, tests string) string {
	subject := strings.TrimSuffix(filepath.Base(file), ".go")
	files, _ := filepath.Glob(filepath.Join(tests, subject+"*_test.go")) // the pattern is valid
	var names []string
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			continue // all tests follow
		}
		for _, found := range testName.FindAllSubmatch(source, -1) {
			if found := string(found[1]); found != "TestMain" && found != "TestModel" {
				names = append(names, found)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "^(" + strings.Join(names, "|") + ")$"
}

// order is the place of the fault in the choice that a seed makes.
func (f fault) order(seed uint64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %d %s", seed, f.file, f.from, f.text))
	return string(sum[:])
}

// String describes the fault as a diff of one line.
func (f fault) String() string {
	line := 1 + bytes.Count(f.source[:f.from], []byte("\n"))
	compact := func(text []byte) string { return strings.Join(strings.Fields(string(text)), " ") }
	return fmt.Sprintf("%s:%d\n    - %s\n    + %s", f.file, line, compact(f.source[f.from:f.to]), compact([]byte(f.text)))
}
