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

var runLighthouse = flag.Bool("lighthouse", false, "run Lighthouse on every page of the gallery, which takes long")

// TestLighthouse checks that every page of the gallery scores 100 for accessibility
// and for best practices, on mobile and desktop, in both themes: make lighthouse.
func TestLighthouse(t *testing.T) {
	if !*runLighthouse {
		t.Skip("-lighthouse is not set")
	}
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed; run .ci/browsers")
	}
	origin := serveGallery(t)
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
					t.Errorf("%d results for %d pages: %v", states, len(urls), err)
				}
			})
		}
	}
}
