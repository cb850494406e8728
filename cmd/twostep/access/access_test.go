package access

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/cmdtest"
)

func TestMain(m *testing.M) { os.Exit(cmdtest.Main(m)) }

const ruleFile = `wiki.example.org  GET  /public  public
wiki.example.org  *    /        one-factor  *
ops.example.org   *    /admin   two-factor within 10m  ann@example.org
ops.example.org   *    /        two-factor  bob@example.org
ops.example.net   *    /        one-factor  group:ops
some.example.org  GET  /        public
`

func run(args ...string) (code int, output string) {
	var out, errs bytes.Buffer
	var commands struct {
		Access Command `cmd:""`
	}
	code = cli.Run(&commands, append([]string{"access", "check"}, args...), cli.Streams{Out: &out, Err: &errs})
	return code, out.String() + errs.String()
}

func TestCheck(t *testing.T) {
	cmdtest.Isolate(t)
	cmdtest.CreateData(t, "")
	cmdtest.WithRules(t, func(rules *auth.Rules) {
		if err := rules.AddAccount(t.Context(), auth.Operator{}, "Ann@example.org"); err != nil {
			t.Fatal(err)
		}
	})
	cmdtest.WithRules(t, func(rules *auth.Rules) {
		if err := rules.AddAccount(t.Context(), auth.Operator{}, "cid@example.org"); err != nil {
			t.Fatal(err)
		}
		cid, err := rules.AccountID(t.Context(), "cid@example.org")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rules.ChangeGroups(t.Context(), auth.Operator{}, cid, []string{"ops", "dev"}, nil); err != nil {
			t.Fatal(err)
		}
	})
	cmdtest.WriteFile(t, "rules", ruleFile)
	cmdtest.WriteFile(t, "faulty", "wiki.example.org * / pubic")
	for args, want := range map[string]string{
		"https://wiki.example.org/public/x?y":                "public: the first rule that matches is\nline 1: wiki.example.org  GET  /public  public\n",
		"https://wiki.example.org/public --method POST":      "one-factor: the first rule that matches is\nline 2: wiki.example.org  *  /  one-factor  *\n",
		"https://wiki.example.org":                           "one-factor: the first rule that matches is\nline 2: ",
		"https://wiki.example.org?x":                         "one-factor: the first rule that matches is\nline 2: ",
		"https://ops.example.org/x%2Fy":                      "two-factor within 10m: the path has an escaped slash or percent sign, so every rule of ops.example.org must be met; the strictest is\nline 3: ",
		"https://some.example.org/a//b":                      "denied: the path has an empty segment, so all rules of some.example.org decide, and none covers the whole host with * and /\n",
		"https://some.example.org/ --method POST":            "denied: no rule of some.example.org matches\n",
		"https://other.example.org/":                         "denied: no rule has this host; the rules have ops.example.net, ops.example.org, some.example.org, wiki.example.org\n",
		"https://ops.example.org/admin --as ann@EXAMPLE.org": "Ann@example.org (in no group) may use it after setting up a second factor\n",
		"https://ops.example.org/ --as ann@example.org":      "Ann@example.org (in no group) may not use it\n",
		"https://ops.example.net/ --as cid@example.org":      "cid@example.org (in dev, ops) may use it\n",
		"https://wiki.example.org/ --as ann@example.org":     "Ann@example.org (in no group) may use it\n",
	} {
		code, output := run(append(strings.Fields(args), "--access-rules=rules")...)
		if code != 0 || !strings.Contains(output, want) {
			t.Errorf("%s: %d %q, want %q", args, code, output, want)
		}
	}
	for args, want := range map[string]string{
		"https://wiki.example.org/":                                           "): give the server's rule file",
		"https://wiki.example.org/ --access-rules=faulty":                     `faulty: line 1, column 22: "pubic" is not a demand`,
		"ftp://wiki.example.org/ --access-rules=rules":                        `"ftp://wiki.example.org/" is not a URL`,
		"wiki.example.org --access-rules=rules":                               `"wiki.example.org" is not a URL`,
		"https://wiki.example.org/ --access-rules=rules --as bob@example.org": "no account",
	} {
		code, output := run(strings.Fields(args)...)
		if code == 0 || !strings.Contains(output, want) {
			t.Errorf("%s: %d %q, want %q", args, code, output, want)
		}
	}
}
