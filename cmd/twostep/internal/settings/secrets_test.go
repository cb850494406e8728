package settings

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/cmdtest"
)

// TestExposed: which flags hold a secret, if they are on the command line.
func TestExposed(t *testing.T) {
	cmdtest.Isolate(t)
	for arg, want := range map[string]bool{
		"--mail=log:":                                             false,
		"--mail=file:a:b@c":                                       false,
		"--mail=smtp://localhost:25":                              false,
		"--mail=smtp://ann:secret@mail.example.org":               true,
		"--sms=webhook:https://example.org/secret":                true,
		"--sms=twilio://SID:secret@example.org?from=+12025550123": true,
		"--database=postgres://ann@localhost/x":                   false,
		"--database=postgres://ann:secret@localhost/x":            true,
		"--database=postgres://localhost/x?password=secret":       true,
		"--keys=file:keys":                                        false,
		"--keys=" + auth.NewKeyring().String():                    true,
		"--name=a:b@c":                                            false,
	} {
		var f Flags
		if _, err := kong.Must(&f).Parse([]string{arg}); err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if got := f.Exposed(cli.Given{"listen", name}); (len(got) == 1 && got[0] == name) != want {
			t.Errorf("%s: exposed are %v", arg, got)
		}
		if got := f.Exposed(cli.Given{"listen"}); len(got) > 0 { // the values came from the environment
			t.Errorf("%s: exposed are %v although only --listen was given", arg, got)
		}
	}
}
