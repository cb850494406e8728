package views

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
)

var askLighthouse = flag.Bool("lighthouse", false, "ask Lighthouse about every state of every page, which takes long")

// TestLighthouse: Lighthouse gives every state of every page 100 for access and
// 100 for best practices, on a phone and at a desk, in both themes: make
// lighthouse.
func TestLighthouse(t *testing.T) {
	if !*askLighthouse {
		t.Skip("only where -lighthouse asks for it")
	}
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("there is no chromium; run .ci/browsers")
	}
	origin := shelf(t)
	var urls []string
	for _, s := range gallery() {
		urls = append(urls, origin+"/"+s.name)
	}
	for _, device := range []string{"mobile", "desktop"} {
		for _, theme := range themes {
			t.Run(device+", "+theme, func(t *testing.T) {
				t.Parallel()
				node := exec.Command("node", append([]string{"../.ci/lighthouse/run.mjs", program, device, theme}, urls...)...)
				node.Stderr = os.Stderr
				out, err := node.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := node.Start(); err != nil {
					t.Fatal(err)
				}
				states := 0
				for lines := bufio.NewScanner(out); lines.Scan(); states++ {
					var got struct {
						URL               string
						Access, Practices int
						Lacks             []string
					}
					if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
						t.Errorf("%v: %s", err, lines.Text())
					}
					if got.Access != 100 || got.Practices != 100 || len(got.Lacks) > 0 {
						t.Errorf("%s: %d and %d\n%s", strings.TrimPrefix(got.URL, origin+"/"), got.Access, got.Practices, strings.Join(got.Lacks, "\n"))
					}
				}
				if err := node.Wait(); err != nil || states != len(urls) {
					t.Errorf("%d of %d states have an answer: %v", states, len(urls), err)
				}
			})
		}
	}
}
