package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	switches "twostep/cmd/mutants/fault"
)

const sample = "cmd/mutants/testdata/sample"

// TestFaults: each kind of fault is made, and changes nothing but the line that the
// sample prints about it. A check for an error has no fault, nor has an add that is not
// about changes. Lines keep their numbers.
func TestFaults(t *testing.T) {
	want := []string{
		"17: expires_at > COALESCE((SELECT max(at) FROM u), $3) → (expires_at > COALESCE((SELECT max(at) FROM u), $3) OR TRUE): query: SELECT 1 FROM t WHERE id = $1 AND user_id = $%d AND name IS NOT DISTINCT FROM $4 AND ended_at IS NULL AND (expires_at > COALESCE((SELECT max(at) FROM u), $3) OR TRUE)",
		"22: user_id = $%d → (user_id = $%d OR TRUE): query: SELECT 1 FROM t WHERE id = $1 AND (user_id = $%d OR TRUE) AND name IS NOT DISTINCT FROM $4 AND ended_at IS NULL AND expires_at > COALESCE((SELECT max(at) FROM u), $3)",
		"23: name IS NOT DISTINCT FROM $4 → (name IS NOT DISTINCT FROM $4 OR TRUE): query: SELECT 1 FROM t WHERE id = $1 AND user_id = $%d AND (name IS NOT DISTINCT FROM $4 OR TRUE) AND ended_at IS NULL AND expires_at > COALESCE((SELECT max(at) FROM u), $3)",
		"25: a == b → a != b: equal: false true",
		"26: a != b → a == b: not equal: true false",
		"27: a < b → a <= b: less: true true false",
		"28: a <= 1 → a < 1: at most: true false false",
		"29: a > b → a >= b: greater: false true true",
		"30: a >= 1 → a > 1: at least: false false true",
		"32: a() && b() → a() || b(): both: ((false ((true (true (true ",
		"33: a() || b() → a() && b(): either: (false (false ((false ((true ",
		"36: a < b && (b < c || a == c) → a < b || (b < c || a == c): nested: true true true true",
		"35: a < b → a <= b: nested: true true true false",
		"36: b < c || a == c → b < c && a == c: nested: false false false false",
		"36: b < c → b <= c: nested: true true false true",
		"36: a == c → a != c: nested: true false false true",
		`42: if stop { return "stopped" } → : guarded: done done`,
		`49: "first" → : changes: [second third]`,
		`49: "second" → : changes: [first third]`,
		"61: line() < 3 → line() <= 3: ",
	}
	s, faults := newSuite(t)
	if err := s.build(t.Context(), sample); err != nil {
		t.Fatal(err)
	}
	correct := printed(t, s, 0)
	if !slices.Contains(correct, "line: 57") {
		t.Errorf("without a fault: %q", correct)
	}
	var got []string
	for _, f := range faults {
		changed := slices.DeleteFunc(printed(t, s, f.number), func(line string) bool { return slices.Contains(correct, line) })
		got = append(got, fmt.Sprintf("%s: %s → %s: %s", strings.TrimPrefix(f.place, sample+"/sample.go:"), f.was, f.now, strings.Join(changed, "; ")))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestJudge: a fault is judged by the tests that reach it. What is not run is named.
func TestJudge(t *testing.T) {
	s, faults := newSuite(t)
	judge := func(want ...string) {
		t.Helper()
		out := s.out.(*bytes.Buffer)
		out.Reset()
		if err := s.judge(t.Context(), faults, time.Minute); err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(out.String(), text) {
				t.Errorf("no %q in\n%s", text, out)
			}
		}
	}
	judge("NOT USED, fails without a fault: TestFails in "+sample+"\n",
		"SKIPPED in "+sample+": no database: TestSkips/part\n",
		"killed by TestLess: "+sample+"/sample.go:27\n",
		"SURVIVED 1 tests: "+sample+"/sample.go:25\n",
		"SURVIVED 0 tests: "+sample+"/sample.go:61\n",
		"20 faults, 1 noticed, 19 survived, of which no test reaches 1 and some tests were left out for 0\n")

	tests := s.tests[sample]
	for i := range tests {
		if tests[i].name == "TestLess" {
			tests[i].duration = time.Hour
			s.tests[sample] = []test{tests[i]}
		}
	}
	judge("killed by TestLess: "+sample+"/sample.go:27\n",
		"20 faults, 1 noticed, 19 survived, of which no test reaches 16 and some tests were left out for 0\n")

	slices.SortFunc(tests, func(x, y test) int { return int(x.duration - y.duration) })
	s.tests[sample] = tests
	judge("SURVIVED 1 tests: "+sample+"/sample.go:27\n",
		"    left out for their duration: [TestLess in "+sample+" (1h0m0s)]\n",
		"20 faults, 0 noticed, 20 survived, of which no test reaches 1 and some tests were left out for 4\n")
}

// newSuite returns the switched sample and its faults.
func newSuite(t *testing.T) (s *suite, faults []fault) {
	t.Helper()
	t.Chdir("../..")
	s = &suite{dir: t.TempDir(), out: &bytes.Buffer{}, tested: map[string][]string{sample: {sample}}, tests: map[string][]test{}}
	faults, err := s.write()
	if err != nil {
		t.Fatal(err)
	}
	return s, faults
}

// printed returns what the sample prints with a fault.
func printed(t *testing.T, s *suite, fault int) (lines []string) {
	t.Helper()
	output, failed := s.run(t.Context(), sample, []string{"TestPrint"}, time.Minute, fmt.Sprint(switches.Variable, "=", fault))
	if failed != "" {
		t.Fatalf("%s: %s", failed, output)
	}
	return slices.DeleteFunc(strings.Split(string(output), "\n"), func(line string) bool { return strings.HasPrefix(line, "---") })
}
