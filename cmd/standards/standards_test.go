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

// TestStandards checks that every requirement of grade must is tested, that tests
// cite only existing requirements, and that the README has the current counts.
func TestStandards(t *testing.T) {
	var table strings.Builder
	if err := run(project, &table); err != nil {
		t.Error(err)
	}
	requirements, tests := mustRead(t, project)
	if counts := summary(requirements, tests); !strings.Contains(readFile(t, "README.md"), "\n"+counts+"\n") {
		t.Errorf("README.md lacks the line\n%s", counts)
	}
}

// qualifiedName matches a test in Markdown, qualified by the path of its package.
var qualifiedName = regexp.MustCompile("[`,] ?([a-z_/]+\\.(?:Test|Fuzz)\\w+)")

// TestThreats checks that each row of auth/threats.md names a test, and that all
// tests named there exist.
func TestThreats(t *testing.T) {
	_, tests := mustRead(t, project)
	lines := strings.Split(readFile(t, "auth/threats.md"), "\n")
	for i, line := range lines {
		named := qualifiedName.FindAllStringSubmatch(line, -1)
		if strings.Count(line, "Test")+strings.Count(line, "Fuzz") != len(named) {
			t.Errorf("a test is named without its package: %s", line)
		}
		header := strings.HasPrefix(line, "| --") || i+1 < len(lines) && strings.HasPrefix(lines[i+1], "| --")
		if strings.Contains(line, "|") && len(named) == 0 && !header {
			t.Errorf("row without a test: %s", line)
		}
		for _, match := range named {
			if !slices.Contains(tests.names, match[1]) {
				t.Errorf("%s does not exist", match[1])
			}
		}
	}
}

// TestCheck finds missing tests, unknown IDs and wrong reasons in a generated
// project. Citations outside of tests do not count.
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
	// The IDs are composed, so that this file cites no requirement.
	ids := strings.NewReplacer("ID", "ZZ-0")
	write("auth/standards.md", ids.Replace(`
| id | grade | requirement | source |
| --- | --- | --- | --- |
| ID1 | must | tested | O |
| ID2 | must | cited outside of tests | O |
| ID3 | should | missing | O |
| ID4 | must | later | O |
| ID5 | must | listed as untested, but tested | O |

| id | why |
| --- | --- |
| ID4 | Not implemented. |
| ID5 | Not implemented. |
`))
	write("pkg/some_test.go", ids.Replace(`package pkg

// helper cites ID2.
func helper() {}

// TestOne cites ID1.
func TestOne(t *testing.T) {
	helper() // ID5
}

// Testament cites ID2 and is not a test.
func Testament() {}

// TestTwo cites ID9.
func TestTwo(t *testing.T) {}

func TestMain(m *testing.M) {} // ID2
`))
	var out strings.Builder
	err := run(folder, &out)
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		ids.Replace("ID2 is required, but no test cites it"), ids.Replace("ID5 is listed as untested, but a test cites it"),
		ids.Replace("pkg/some_test.go cites ID9, which does not exist"),
	}
	if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, want) {
		t.Errorf("errors = %q, want %q", got, want)
	}
	table := strings.Join(strings.Fields(out.String()), " ")
	for _, line := range []string{"ID1 must pkg.TestOne", "ID2 must missing", "ID3 should missing", "ID4 must missing: Not implemented.", "must: 2 of 4, should: 0 of 1, stretch: 0 of 0"} {
		if line = ids.Replace(line); !strings.Contains(table, line) {
			t.Errorf("output lacks %q:\n%s", line, out.String())
		}
	}
	write("auth/standards.md", ids.Replace("| ID1 | most | invalid grade | O |\n"))
	if err := run(folder, &out); err == nil {
		t.Error("no error for an unknown grade")
	}
}

func mustRead(t *testing.T, folder string) ([]requirement, tests) {
	t.Helper()
	requirements, err := readRequirements(folder)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := readTests(folder)
	if err != nil {
		t.Fatal(err)
	}
	return requirements, tests
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(project, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
