package views

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

// installed is a file that .ci/browsers installs. Where it is missing the test
// says so and is skipped; where everything has to be there, it fails.
func installed(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", ".ci", "node_modules", name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		lacks(t, "%s is not installed; run .ci/browsers", name)
	}
	return path
}

func lacks(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf("NOT CHECKED: "+format, args...)
}

// chromium starts the browser, without a window.
func chromium(t *testing.T) *rod.Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	program, err := exec.LookPath("chromium")
	if err != nil {
		lacks(t, "there is no chromium; run .ci/browsers")
	}
	start := launcher.New().Bin(program).Leakless(false).NoSandbox(os.Getuid() == 0).Set("disable-dev-shm-usage")
	address, err := start.Launch()
	if err != nil {
		lacks(t, "chromium does not start: %v", err)
	}
	browser := rod.New().ControlURL(address)
	if err := browser.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = browser.Close()
		start.Kill()
		start.Cleanup()
	})
	return browser
}

// shelf serves every state of every page, and the static files they name.
func shelf(t *testing.T) (origin string) {
	t.Helper()
	pages := map[string]string{}
	for _, s := range gallery() {
		pages["/"+s.name] = render(t, s.page)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, found := pages[r.URL.Path]
		if !found {
			staticFiles.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'") // handlers allow no more
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A tab shows pages in a size and a theme.
type tab struct {
	t    *testing.T
	page *rod.Page
}

func newTab(t *testing.T, browser *rod.Browser) tab {
	t.Helper()
	page, err := browser.Timeout(9 * time.Minute).Page(proto.TargetCreateTarget{})
	if err != nil {
		t.Fatal(err)
	}
	return tab{t, page}
}

func (b tab) try(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b tab) theme(name string) {
	b.t.Helper()
	b.try(proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: name}}}.Call(b.page))
}

func (b tab) size(width, height int) {
	b.t.Helper()
	b.try(b.page.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: width, Height: height, DeviceScaleFactor: 1}))
}

func (b tab) open(url string) {
	b.t.Helper()
	b.try(b.page.Navigate(url))
	b.try(b.page.WaitLoad())
}

// reads evaluates a function and reads its answer.
func (b tab) reads(function string, answer any) {
	b.t.Helper()
	got, err := b.page.Eval("async () => JSON.stringify(await (" + function + ")())")
	b.try(err)
	b.try(json.Unmarshal([]byte(got.Value.Str()), answer))
}

// TestPages_Axe lets axe look at every state of every page in both themes
// (AX-06, AX-08, AX-11).
func TestPages_Axe(t *testing.T) {
	axe, err := os.ReadFile(installed(t, "axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	b, origin := newTab(t, chromium(t)), shelf(t)
	b.size(390, 844)
	states := 0
	for _, s := range gallery() {
		b.theme("light")
		b.open(origin + "/" + s.name)
		_, err := proto.RuntimeEvaluate{Expression: string(axe) + ";0"}.Call(b.page)
		b.try(err)
		for _, theme := range themes {
			b.theme(theme)
			var findings []string
			b.reads(`async () => {
				const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
				const found = await axe.run(document, {runOnly: tags, resultTypes: ["violations"]})
				return found.violations.flatMap(v => v.nodes.map(n => v.id + " at " + n.target + ": " + n.failureSummary))
			}`, &findings)
			for _, finding := range findings {
				t.Errorf("%s, %s: %s", s.name, theme, finding)
			}
			states++
		}
	}
	t.Logf("axe looked at %d states", states)
}

// TestPages_FitTheScreen: no page is wider than a screen of 320 pixels, which
// is also 1280 at 400 % (WCAG 2.2 1.4.10), or than one at another edge of the
// looks; and nothing breaks out of its box (AX-08).
func TestPages_FitTheScreen(t *testing.T) {
	t.Parallel()
	b, origin := newTab(t, chromium(t)), shelf(t)
	for _, s := range gallery() {
		b.size(320, 640)
		b.open(origin + "/" + s.name)
		for _, width := range []int{320, 390, 600, 1200} {
			b.size(width, 800)
			var wide []string
			b.reads(`() => {
				const out = []
				if (document.documentElement.scrollWidth > innerWidth) out.push("the page is " + document.documentElement.scrollWidth + " wide")
				for (const e of document.querySelectorAll("main, .panel, .notice, .problem, .codes, .top, .rows:not(.leads) li, .button, button, .uri, .key code")) {
					if (e.scrollWidth > e.clientWidth + 2) out.push(e.tagName + "." + e.className + " holds " + e.scrollWidth + " in " + e.clientWidth)
				}
				return out
			}`, &wide)
			if len(wide) > 0 {
				t.Errorf("%s at %d: %s", s.name, width, strings.Join(wide, "; "))
			}
		}
	}
}

// TestPages_HTML asks the W3C checker, which takes no error and no warning.
func TestPages_HTML(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts Java")
	}
	checker := installed(t, "vnu-jar/build/dist/vnu.jar")
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("NOT CHECKED: there is no Java to run the W3C checker with") // also in CI: .ci/browsers has said so
	}
	folder := t.TempDir()
	writeGallery(t, folder)
	out, err := exec.Command("java", "-jar", checker, "--Werror", "--stdout", "--skip-non-html", folder).CombinedOutput()
	if text := strings.ReplaceAll(string(out), "file:"+folder+"/", ""); err != nil || text != "" {
		t.Errorf("%v\n%s", err, text)
	}
}
