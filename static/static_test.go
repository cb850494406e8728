package static

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHandler_ServesWhatURLNames(t *testing.T) {
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
				t.Fatalf("status is %d, want %d", w.Code, test.status)
			}
			if test.status != 200 {
				if w.Header().Get("Cache-Control") != "" {
					t.Error("a refusal is kept for ever")
				}
				return
			}
			if got := w.Header().Get("Content-Type"); got != test.contentType {
				t.Errorf("type is %q", got)
			}
			if got := w.Header().Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
				t.Errorf("cache is %q", got)
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
			t.Error("a file that does not exist has an address")
		}
	}()
	URL("missing.css")
}

func TestStyle_SmallAndAlone(t *testing.T) {
	css := stylesheet(t)
	if len(css) > 12<<10 {
		t.Errorf("%d bytes", len(css))
	}
	if strings.Contains(css, "url(") || strings.Contains(css, "@import") {
		t.Error("the stylesheet fetches something else")
	}
}

// TestStyle_Contrast computes WCAG 2.2 1.4.3 and 1.4.11 from the colours at
// the top of the stylesheet, in both themes (AX-08).
func TestStyle_Contrast(t *testing.T) {
	light, dark := themeColours()
	if len(light) != len(dark) || len(light) < 10 {
		t.Fatalf("%d light colours and %d dark ones", len(light), len(dark))
	}
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"text", "ground", 4.5},
		{"text", "card", 4.5},
		{"text", "hover", 4.5},
		{"text", "accent-ground", 4.5},
		{"text", "danger-ground", 4.5},
		{"quiet", "ground", 4.5},
		{"quiet", "card", 4.5},
		{"accent", "ground", 4.5},
		{"accent", "card", 4.5},
		{"accent", "hover", 4.5},
		{"accent", "accent-ground", 4.5},
		{"accent-hover", "card", 4.5},
		{"on-accent", "accent", 4.5},
		{"on-accent", "accent-hover", 4.5},
		{"danger", "card", 4.5},
		{"danger", "ground", 4.5},
		{"danger", "danger-ground", 4.5},
		{"border", "card", 3},
		{"border", "ground", 3},
		{"border", "hover", 3},
	}
	for name, theme := range map[string]theme{"light": light, "dark": dark} {
		for _, p := range pairs {
			if got := contrast(theme[p.front], theme[p.back]); got < p.least {
				t.Errorf("%s: %s on %s is %.2f:1, want %.1f:1", name, p.front, p.back, got, p.least)
			}
		}
	}
}

func stylesheet(t *testing.T) string {
	t.Helper()
	css, err := embedded.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	return string(css)
}
