package views

import (
	"encoding/json"
	"fmt"
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

// installed returns the path of a file that .ci/browsers installs. If it is
// missing, the test is skipped, or fails in CI.
func installed(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", ".ci", "node_modules", name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		skipUnlessCI(t, "%s is not installed; run .ci/browsers", name)
	}
	return path
}

func skipUnlessCI(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf("NOT CHECKED: "+format, args...)
}

// chromium starts a headless browser.
func chromium(t *testing.T) *rod.Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	program, err := exec.LookPath("chromium")
	if err != nil {
		skipUnlessCI(t, "chromium is not installed; run .ci/browsers")
	}
	launch := launcher.New().Bin(program).Leakless(false).NoSandbox(os.Getuid() == 0).Set("disable-dev-shm-usage")
	controlURL, err := launch.Launch()
	if err != nil {
		skipUnlessCI(t, "chromium does not start: %v", err)
	}
	browser := rod.New().ControlURL(controlURL)
	if err := browser.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = browser.Close()
		launch.Kill()
		launch.Cleanup()
	})
	return browser
}

// framed is a page of serveGallery with an empty frame.
const framed = "framed"

// serveGallery serves every page of the gallery and the static files.
func serveGallery(t *testing.T) (origin string) {
	t.Helper()
	pages := map[string]string{}
	for _, s := range gallery() {
		pages["/"+s.name] = render(t, s.page)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/"+framed, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<!DOCTYPE html><title>A frame</title><iframe style="border: 0; height: 800px"></iframe>`))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		if !ok {
			staticFiles.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; script-src 'self'; trusted-types 'none'; require-trusted-types-for 'script'") // as strict as in handlers
		_, _ = w.Write([]byte(page))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// A tab is a browser tab.
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

func (b tab) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b tab) theme(name string) {
	b.t.Helper()
	b.check(proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: name}}}.Call(b.page))
}

func (b tab) size(width, height int) {
	b.t.Helper()
	b.check(b.page.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: width, Height: height, DeviceScaleFactor: 1}))
}

func (b tab) open(url string) {
	b.t.Helper()
	b.check(b.page.Navigate(url))
	b.check(b.page.WaitLoad())
}

// unfold opens a page with all its sections unfolded.
func (b tab) unfold(url string) {
	b.t.Helper()
	b.open(url)
	b.eval(`() => { document.querySelectorAll("details").forEach(e => { e.open = true }); return null }`, new(any))
}

// eval calls a function in the page and decodes its result.
func (b tab) eval(function string, result any) {
	b.t.Helper()
	got, err := b.page.Eval("async () => JSON.stringify(await (" + function + ")())")
	b.check(err)
	b.check(json.Unmarshal([]byte(got.Value.Str()), result))
}

// TestPages_Axe runs axe on every page (AX-06, AX-08, AX-11, OP-12), and with -pictures in
// every state: make pictures. The themes differ only in colors, so the dark one is checked by
// the rules about them.
func TestPages_Axe(t *testing.T) {
	t.Parallel()
	b, origin := newTab(t, chromium(t)), serveGallery(t)
	b.loadAxe()
	b.size(390, 844)
	tags := `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	states := onePerHeading()
	if *pictures != "" {
		states = gallery()
	}
	for _, s := range states {
		b.unfold(origin + "/" + s.name)
		for _, finding := range b.axe(tags) {
			t.Errorf("%s: %s", s.name, finding)
		}
		b.theme("dark")
		for _, finding := range b.axe(`["color-contrast", "link-in-text-block"]`) {
			t.Errorf("%s, dark: %s", s.name, finding)
		}
	}
}

// loadAxe loads axe into every page that is opened after it.
func (b tab) loadAxe() {
	b.t.Helper()
	axe, err := os.ReadFile(installed(b.t, "axe-core/axe.min.js"))
	b.check(err)
	_, err = proto.PageAddScriptToEvaluateOnNewDocument{Source: string(axe)}.Call(b.page)
	b.check(err)
}

// axe runs the given rules or tags of rules of axe on the open page.
func (b tab) axe(rules string) (findings []string) {
	b.t.Helper()
	b.eval(`async () => {
		const found = await axe.run(document, {runOnly: `+rules+`, resultTypes: ["violations"]})
		return found.violations.flatMap(v => v.nodes.map(n => v.id + " at " + n.target + ": " + n.failureSummary))
	}`, &findings)
	return findings
}

// TestPages_FitTheScreen checks that no page or box overflows at 320 CSS pixels,
// which is also 1280 at 400 % zoom (WCAG 2.2, 1.4.10), and at other widths around
// the breakpoints of the stylesheet (AX-08). The page is in a frame, which changes its width
// faster than a window.
func TestPages_FitTheScreen(t *testing.T) {
	t.Parallel()
	b, origin := newTab(t, chromium(t)), serveGallery(t)
	b.open(origin + "/" + framed)
	for _, s := range gallery() {
		var wide []string
		b.eval(fmt.Sprintf(`async () => {
			const frame = document.querySelector("iframe"), out = []
			await new Promise(loaded => { frame.onload = loaded; frame.src = %q })
			const page = frame.contentDocument
			page.querySelectorAll("details").forEach(e => { e.open = true })
			for (const width of [320, 390, 600, 1200]) {
				frame.style.width = width + "px"
				if (page.documentElement.scrollWidth > width) out.push("at " + width + " the page is " + page.documentElement.scrollWidth + " wide")
				for (const e of page.querySelectorAll("main, .panel, .notice, .problem, .codes, .site-header, .status, .rows:not(.link-rows) li, .button, button, .uri, .key code")) {
					if (e.scrollWidth > e.clientWidth + 2) out.push("at " + width + " " + e.tagName + "." + e.className + " is " + e.scrollWidth + " wide in " + e.clientWidth)
				}
			}
			return out
		}`, "/"+s.name), &wide)
		if len(wide) > 0 {
			t.Errorf("%s: %s", s.name, strings.Join(wide, "; "))
		}
	}
}

// TestPages_Shell checks that the heading is in the same place on every page of an account, and at
// the same height on every page of signing in, and that text of twice the size does not break the site's name into letters.
func TestPages_Shell(t *testing.T) {
	t.Parallel()
	b, origin := newTab(t, chromium(t)), serveGallery(t)
	b.check(proto.EmulationSetScrollbarsHidden{Hidden: true}.Call(b.page)) // only long pages have one
	places := map[[2]float64][]string{}
	for _, s := range onePerHeading() {
		b.size(1280, 800)
		b.open(origin + "/" + s.name)
		var place [2]float64
		b.eval(`() => {
			const at = document.querySelector("h1").getBoundingClientRect()
			return [document.body.className == "signed-in" ? at.x : 0, at.y]
		}`, &place)
		places[place] = append(places[place], s.name)
		b.size(390, 844)
		var lines float64
		b.eval(`() => {
			document.documentElement.style.fontSize = "200%"
			const name = document.querySelector(".brand span")
			return name.getBoundingClientRect().height / parseFloat(getComputedStyle(name).lineHeight)
		}`, &lines)
		if lines > 1.1 {
			t.Errorf("%s: the name takes %.0f lines", s.name, lines)
		}
	}
	if len(places) != 2 {
		t.Errorf("headings are at %v", places)
	}
}

// TestPages_HTML runs the W3C checker and allows no error and no warning.
func TestPages_HTML(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts Java")
	}
	checker := installed(t, "vnu-jar/build/dist/vnu.jar")
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("NOT CHECKED: Java is not installed") // also in CI, where .ci/browsers reports it
	}
	folder := t.TempDir()
	writeGallery(t, folder)
	out, err := exec.Command("java", "-jar", checker, "--Werror", "--stdout", "--skip-non-html", folder).CombinedOutput()
	if text := strings.ReplaceAll(string(out), "file:"+folder+"/", ""); err != nil || text != "" {
		t.Errorf("%v\n%s", err, text)
	}
}
