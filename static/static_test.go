package static

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestHandler(t *testing.T) {
	tests := []struct {
		method, path string
		status       int
		contentType  string
	}{
		{"GET", URL("style.css"), 200, "text/css; charset=utf-8"},
		{"HEAD", URL("style.css"), 200, "text/css; charset=utf-8"},
		{"GET", URL("icon.svg"), 200, "image/svg+xml"},
		{"POST", URL("style.css"), 405, ""},
		{"GET", "/static/style.css", 404, ""},
		{"GET", "/static/style.000000000000.css", 404, ""},
		{"GET", "/static/", 404, ""},
		{"GET", "/static/../static.go", 404, ""},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			w := httptest.NewRecorder()
			Handler().ServeHTTP(w, httptest.NewRequest(test.method, test.path, http.NoBody))
			if w.Code != test.status {
				t.Fatalf("status = %d, want %d", w.Code, test.status)
			}
			if test.status != 200 {
				if w.Header().Get("Cache-Control") != "" {
					t.Error("error response is cacheable")
				}
				return
			}
			if got := w.Header().Get("Content-Type"); got != test.contentType {
				t.Errorf("Content-Type = %q, want %q", got, test.contentType)
			}
			if got := w.Header().Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
				t.Errorf("Cache-Control = %q", got)
			}
			if (w.Body.Len() == 0) != (test.method == "HEAD") {
				t.Errorf("%d bytes for %s", w.Body.Len(), test.method)
			}
		})
	}
}

func TestURL_UnknownNamePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for a missing file")
		}
	}()
	URL("missing.css")
}

// TestStyle_SizeAndImports: a page before sign-in loads style.css only, and is with it smaller than 16 KiB, also
// without compression.
func TestStyle_SizeAndImports(t *testing.T) {
	for name, most := range map[string]int{"style.css": 10 << 10, "account.css": 11 << 10} {
		css := string(files[URL(name)].content)
		if len(css) > most {
			t.Errorf("%s: %d bytes, want at most %d", name, len(css), most)
		}
		if strings.Contains(css, "url(") || strings.Contains(css, "@import") {
			t.Errorf("%s loads another resource", name)
		}
	}
}

// TestStyle_Account checks that account.css repeats no rule of style.css and defines no colour: [TestStyle_Contrast]
// reads those of style.css. Paper is white.
func TestStyle_Account(t *testing.T) {
	rules := func(name string) []string {
		return regexp.MustCompile(`[^{}]+\{[^{}]+\}`).FindAllString(string(files[URL(name)].content), -1)
	}
	account := rules("account.css")
	for _, rule := range rules("style.css") {
		if slices.Contains(account, rule) {
			t.Errorf("both files have %s", rule)
		}
	}
	for _, rule := range account {
		if regexp.MustCompile(`#[0-9a-f]{3,8}\b|rgb\(|hsl\(`).MatchString(rule) && rule != ":root{--background:#fff}" {
			t.Errorf("a colour that no test computes the contrast of: %s", rule)
		}
	}
}

func TestMinify(t *testing.T) {
	got := string(minify([]byte("/* A\n comment */\na > b, .c :hover {\n  margin: 0 auto;\n  content: \" ·\";\n}\n@media (min-width: 1em) { a[b=\"c\"] { x: calc(1.05em - 0.5px) } }\n")))
	if want := `a>b,.c :hover{margin:0 auto;content:" ·"}@media (min-width:1em){a[b=c]{x:calc(1.05em - .5px)}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestStyle_Contrast computes the contrast ratios of WCAG 2.2 1.4.3 and 1.4.11 in
// both themes (AX-08).
func TestStyle_Contrast(t *testing.T) {
	light, dark := themeColours()
	if len(light) != len(dark) || len(light) < 10 {
		t.Fatalf("%d light colours and %d dark ones", len(light), len(dark))
	}
	pairs := []struct {
		text, background string
		min              float64
	}{
		{"text", "background", 4.5},
		{"text", "card", 4.5},
		{"text", "hover", 4.5},
		{"text", "accent-background", 4.5},
		{"text", "danger-background", 4.5},
		{"quiet", "background", 4.5},
		{"quiet", "card", 4.5},
		{"accent", "background", 4.5},
		{"accent", "card", 4.5},
		{"accent", "hover", 4.5},
		{"accent", "accent-background", 4.5},
		{"accent-hover", "card", 4.5},
		{"on-accent", "accent", 4.5},
		{"on-accent", "accent-hover", 4.5},
		{"text", "success-background", 4.5},
		{"text", "warning-background", 4.5},
		{"success", "success-background", 3},
		{"warning", "warning-background", 3},
		{"on-danger", "danger", 4.5},
		{"on-danger", "danger-hover", 4.5},
		{"accent", "success-background", 4.5},
		{"accent", "warning-background", 4.5},
		{"danger", "card", 4.5},
		{"danger", "background", 4.5},
		{"danger", "danger-background", 4.5},
		{"border", "card", 3},
		{"border", "background", 3},
		{"border", "hover", 3},
	}
	for name, theme := range map[string]theme{"light": light, "dark": dark} {
		for _, p := range pairs {
			if got := contrast(theme[p.text], theme[p.background]); got < p.min {
				t.Errorf("%s theme: %s on %s has contrast %.2f, want %.1f", name, p.text, p.background, got, p.min)
			}
		}
	}
}
