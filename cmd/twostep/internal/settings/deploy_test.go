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
