package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const project = "../.."

// TestStandards: every promise that has to hold has its test, no test names a
// promise that there is not, and the README has the true counts.
func TestStandards(t *testing.T) {
	var table strings.Builder
	if err := run(project, &table); err != nil {
		t.Error(err)
	}
	promises, tests := mustRead(t, project)
	if counts := summary(promises, tests); !strings.Contains(text(t, "README.md"), "\n"+counts+"\n") {
		t.Errorf("the README does not have the line\n%s", counts)
	}
}

// testName is how a page names a test: by its room, as go test does.
var testName = regexp.MustCompile("[`,] ?([a-z_/]+\\.(?:Test|Fuzz)\\w+)")

// TestThreats: the tests that the page of threats calls for witnesses exist,
// and no row is without one.
func TestThreats(t *testing.T) {
	_, tests := mustRead(t, project)
	for line := range strings.Lines(text(t, "auth/threats.md")) {
		named := testName.FindAllStringSubmatch(line, -1)
		if strings.Count(line, "Test")+strings.Count(line, "Fuzz") != len(named) {
			t.Errorf("a test is not named by its room: %s", line)
		}
		if cells := strings.Count(line, "|"); cells > 0 && len(named) == 0 && !strings.HasPrefix(line, "| who") && !strings.HasPrefix(line, "| --") {
			t.Errorf("nothing shows it: %s", line)
		}
		for _, match := range named {
			if !slices.Contains(tests.names, match[1]) {
				t.Errorf("there is no test %s", match[1])
			}
		}
	}
}

// TestCheck: what is missing, unknown or said wrongly is found in a project
// made up for it; what stands beside a test is no proof.
func TestCheck(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		name = filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// The ids are put together, so that this file names no promise.
	ids := strings.NewReplacer("ID", "ZZ-0")
	write("auth/standards.md", ids.Replace(`
| id | grade | what is promised | from |
| --- | --- | --- | --- |
| ID1 | must | proved | O |
| ID2 | must | named beside a test alone | O |
| ID3 | should | missing | O |
| ID4 | must | later | O |
| ID5 | must | proved after all | O |

| id | why |
| --- | --- |
| ID4 | It comes later. |
| ID5 | It comes later. |
`))
	write("room/some_test.go", ids.Replace(`package room

// ID2 is meant here.
func helper() {}

// TestOne proves ID1.
func TestOne(t *testing.T) {
	helper() // ID5
}

// Testament speaks of ID2 and is no test; neither is a benchmark.
func Testament() {}

// TestTwo names ID9.
func TestTwo(t *testing.T) {}

func TestMain(m *testing.M) {} // ID2
`))
	var out strings.Builder
	err := run(folder, &out)
	if err == nil {
		t.Fatal("nothing was found")
	}
	want := []string{
		ids.Replace("ID2 must hold, and no test names it"), ids.Replace("ID5 is said to have no test, and has one"),
		ids.Replace("room/some_test.go names ID9, which is no promise"),
	}
	if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	table := strings.Join(strings.Fields(out.String()), " ")
	for _, line := range []string{"ID1 must room.TestOne", "ID2 must missing", "ID3 should missing", "ID4 must missing: It comes later.", "must: 2 of 4, should: 0 of 1, stretch: 0 of 0"} {
		if line = ids.Replace(line); !strings.Contains(table, line) {
			t.Errorf("the table does not say %q:\n%s", line, out.String())
		}
	}
	write("auth/standards.md", ids.Replace("| ID1 | most | a grade that is none | O |\n"))
	if err := run(folder, &out); err == nil {
		t.Error("an unknown grade was taken")
	}
}

func mustRead(t *testing.T, folder string) ([]promise, tests) {
	t.Helper()
	promises, err := readPromises(folder)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := readTests(folder)
	if err != nil {
		t.Fatal(err)
	}
	return promises, tests
}

func text(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(project, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
