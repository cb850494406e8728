package settings

import (
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cmdtest"
)

var setting = regexp.MustCompile(`(?m)^#?(TWOSTEP_\w+)=(.*)$`)

// TestDeploy_Environment: each line of the sample settings, including those in
// comments, sets the variable of a flag to a valid value.
func TestDeploy_Environment(t *testing.T) {
	env := cmdtest.ReadFile(t, "../../deploy/twostep.env")
	cmdtest.Isolate(t)
	cmdtest.WriteFile(t, "access", "wiki.example.org * / public")
	cmdtest.WriteFile(t, "keys", auth.NewKeyring().String())
	var f Flags
	parser := kong.Must(&f)
	known := map[string]bool{}
	for _, flag := range parser.Model.Flags {
		for _, variable := range flag.Envs {
			known[variable] = true
		}
	}
	found := setting.FindAllStringSubmatch(env, -1)
	if len(found) < 8 {
		t.Fatalf("only %d settings were found", len(found))
	}
	for _, s := range found {
		if !known[s[1]] {
			t.Errorf("%s belongs to no flag", s[1])
		}
		t.Setenv(s[1], strings.Replace(s[2], "/etc/twostep.", "", 1))
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Parse(); err != nil {
		t.Error(err)
	}
}

// TestFlags_Documented: the list of flags has each flag once, and no other.
func TestFlags_Documented(t *testing.T) {
	list, _, _ := strings.Cut(cmdtest.ReadFile(t, "../../FLAGS.md"), "\n## ")
	listed := map[string]int{}
	for _, row := range regexp.MustCompile(`(?m)^\| (`+"`--.*?`"+`) \|`).FindAllStringSubmatch(list, -1) {
		for _, flag := range regexp.MustCompile(`[a-z][a-z-]*`).FindAllString(row[1], -1) {
			listed[flag]++
		}
	}
	for _, flag := range kong.Must(new(Flags)).Model.Flags {
		if flag.Name != "help" && listed[flag.Name] != 1 {
			t.Errorf("--%s is listed %d times", flag.Name, listed[flag.Name])
		}
		delete(listed, flag.Name)
	}
	if len(listed) > 0 {
		t.Errorf("unknown flags are listed: %v", listed)
	}
}
