package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"twostep/auth"
	"twostep/handlers"
)

// deployed reads a file that operators copy.
func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("deploy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var setting = regexp.MustCompile(`(?m)^#?(TWOSTEP_\w+)=(.*)$`)

// TestDeploy_Environment: each line of the sample settings, those that are
// switched off included, names a flag and has a value that it takes.
func TestDeploy_Environment(t *testing.T) {
	env := deployed(t, "twostep.env")
	setUp(t)
	if err := os.WriteFile("keys", []byte(auth.NewKeyring().String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var f flags
	parser := kong.Must(&f)
	known := map[string]bool{}
	for _, flag := range parser.Model.Flags {
		for _, variable := range flag.Envs {
			known[variable] = true
		}
	}
	settings := setting.FindAllStringSubmatch(env, -1)
	if len(settings) < 8 {
		t.Fatalf("only %d settings are read", len(settings))
	}
	for _, s := range settings {
		if !known[s[1]] {
			t.Errorf("%s is no flag's", s[1])
		}
		t.Setenv(s[1], strings.Replace(s[2], "/etc/twostep.keys", "keys", 1))
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := f.settings(); err != nil {
		t.Error(err)
	}
}

var (
	metricName  = regexp.MustCompile(`\btwostep_\w+`)
	metricLabel = regexp.MustCompile(`\b(what|reason)=(~?)\\?"([^"\\]+)\\?"`)
)

// TestDeploy_Watching: what the alerts and the dashboard ask for is counted.
func TestDeploy_Watching(t *testing.T) {
	texts := []string{deployed(t, "alerts.yml"), deployed(t, "dashboard.json")}
	counted, _ := newTestCounts(t)
	counted.watch().ObserveRequest(handlers.ServedRequest{Route: "/sign-in", Status: 422, Reason: string(auth.CodeWrong)})
	counted.watch().ObserveEvent(auth.Event{Type: auth.SignedIn})
	counted.sendings.WithLabelValues(string(auth.BySMS), "failed").Inc()
	families, err := counted.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, family := range families {
		for _, end := range []string{"", "_count", "_bucket"} {
			known[family.GetName()+end] = true
		}
	}
	values := map[string][]string{}
	for _, what := range auth.EventTypes {
		values["what"] = append(values["what"], string(what))
	}
	for _, reason := range auth.Reasons {
		values["reason"] = append(values["reason"], string(reason))
	}
	labels := 0
	for _, text := range texts {
		for _, name := range metricName.FindAllString(text, -1) {
			if !known[name] {
				t.Errorf("nothing counts %s", name)
			}
		}
		for _, label := range metricLabel.FindAllStringSubmatch(text, -1) {
			for _, value := range strings.Split(label[3], "|") {
				labels++
				if !slices.ContainsFunc(values[label[1]], regexp.MustCompile("^(?:"+value+")$").MatchString) {
					t.Errorf("no %s is ever %q", label[1], value)
				}
			}
		}
	}
	if labels < 8 {
		t.Errorf("only %d labels are read", labels)
	}
}
