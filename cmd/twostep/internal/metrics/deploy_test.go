package metrics

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cmdtest"
	"twostep/handlers"
)

var (
	metricName  = regexp.MustCompile(`\btwostep_\w+`)
	metricLabel = regexp.MustCompile(`\b(type|reason)=(~?)\\?"([^"\\]+)\\?"`)
)

// TestDeploy_Metrics: every metric, event type and reason that the alerts and the
// dashboard query exists.
func TestDeploy_Metrics(t *testing.T) {
	texts := []string{cmdtest.ReadFile(t, "../../deploy/alerts.yml"), cmdtest.ReadFile(t, "../../deploy/dashboard.json")}
	m, _ := newTestMetrics(t)
	m.Handlers().ObserveRequest(handlers.ServedRequest{Route: "/sign-in", Status: 422, Reason: string(auth.CodeWrong)})
	m.Handlers().ObserveEvent(auth.Event{Type: auth.SignedIn})
	m.deliveries.WithLabelValues(string(auth.BySMS), "failed").Inc()
	families, err := m.registry.Gather()
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
	for _, e := range auth.EventTypes {
		values["type"] = append(values["type"], string(e))
	}
	for _, reason := range auth.Reasons {
		values["reason"] = append(values["reason"], string(reason))
	}
	labels := 0
	for _, text := range texts {
		for _, name := range metricName.FindAllString(text, -1) {
			if !known[name] {
				t.Errorf("no metric %s", name)
			}
		}
		for _, label := range metricLabel.FindAllStringSubmatch(text, -1) {
			for _, value := range strings.Split(label[3], "|") {
				labels++
				if !slices.ContainsFunc(values[label[1]], regexp.MustCompile("^(?:"+value+")$").MatchString) {
					t.Errorf("no %s matches %q", label[1], value)
				}
			}
		}
	}
	if labels < 8 {
		t.Errorf("only %d labels were found", labels)
	}
}
