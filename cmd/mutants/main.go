// Mutants measures what the tests notice. It makes small faults, one at a time, and
// prints those that no test notices. Such a survivor needs a test, or is equivalent to
// the original. All faults are compiled into the tests, and a variable of the
// environment switches one on. Each fault is judged by the tests that reach it.
package main

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// tested lists the packages with faults, and the packages whose tests cover each.
var tested = map[string][]string{
	"auth":               {"auth", "handlers", "db"},
	"auth/access":        {"auth/access", "handlers", "cmd/twostep/access"},
	"auth/oidc":          {"auth/oidc", "handlers", "db", "cmd/twostep/apps"},
	"db":                 {"db", "auth", "handlers"},
	"db/internal/engine": {"db/internal/engine", "db"},
	"handlers":           {"handlers"},
}

func main() {
	n := flag.Int("n", 50, "number of faults, 0 for all")
	seed := flag.Uint64("seed", 1, "seed that chooses them")
	only := flag.String("files", ".", "regular expression of the places of faults, such as auth/totp.go:12")
	limit := flag.Duration("limit", time.Minute, "maximum duration of one package's tests of a fault")
	flag.Parse()
	places, err := regexp.Compile(*only)
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err = run(ctx, os.Stdout, tested, places, *n, *seed, *limit)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, tested map[string][]string, places *regexp.Regexp, n int, seed uint64, limit time.Duration) error {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &suite{dir: dir, out: out, tested: tested, tests: map[string][]test{}}
	faults, err := s.write()
	if err != nil {
		return err
	}
	var chosen []fault
	for _, f := range faults {
		if places.MatchString(f.place) {
			chosen = append(chosen, f)
		}
	}
	order := func(f fault) string {
		sum := sha256.Sum256(fmt.Append(nil, seed, f))
		return string(sum[:])
	}
	slices.SortStableFunc(chosen, func(a, b fault) int { return strings.Compare(order(a), order(b)) })
	if n > 0 {
		chosen = chosen[:min(n, len(chosen))]
	}
	fmt.Fprintf(out, "%d of %d possible faults, seed %d\n", len(chosen), len(faults), seed)
	return s.judge(ctx, chosen, limit)
}
