package views

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"twostep/static"
)

// TestPages_Size checks that a page before sign-in is small with its stylesheet: less than 16 KiB, 8 KB
// compressed, and 14 KB compressed with the passkey script. It does not load the stylesheet of accounts.
func TestPages_Size(t *testing.T) {
	largest, compressed := 0, 0
	for _, s := range samples() {
		page := render(t, s.page)
		if strings.Contains(page, static.URL("account.css")) == strings.Contains(page, `class="signed-out"`) {
			t.Errorf("%s: the stylesheet of accounts is loaded, or is missing", s.name)
		}
		if !strings.Contains(page, `class="signed-out"`) {
			continue
		}
		sheet := serveStatic(static.URL("style.css"))
		size, zipped := len(page)+len(sheet), gzipped(t, page)+gzipped(t, sheet)
		if size >= 16<<10 || zipped > 8000 {
			t.Errorf("%s: %d bytes, %d compressed", s.name, size, zipped)
		}
		if script := static.URL("passkey.js"); strings.Contains(page, script) {
			zipped += gzipped(t, serveStatic(script))
		}
		if zipped > 14000 {
			t.Errorf("%s: %d bytes compressed with the script", s.name, zipped)
		}
		largest, compressed = max(largest, size), max(compressed, zipped)
	}
	t.Logf("at most %d bytes, %d compressed with the script", largest, compressed)
}

var className = regexp.MustCompile(`\.([a-z][a-z-]*)`)

// TestPages_Stylesheet checks that a class on a page before sign-in has its rules in the stylesheet that this
// page loads.
func TestPages_Stylesheet(t *testing.T) {
	classes := func(sheet string) map[string]bool {
		found := map[string]bool{}
		for _, m := range className.FindAllStringSubmatch(serveStatic(static.URL(sheet)), -1) {
			found[m[1]] = true
		}
		return found
	}
	loaded, others := classes("style.css"), classes("account.css")
	for _, s := range samples() {
		doc := parse(t, render(t, s.page))
		if doc.Find("body.signed-out").Length() == 0 {
			continue
		}
		for _, e := range doc.Find("[class]").EachIter() {
			for name := range strings.FieldsSeq(e.AttrOr("class", "")) {
				if others[name] && !loaded[name] {
					t.Errorf("%s: only account.css has .%s", s.name, name)
				}
			}
		}
	}
}

func serveStatic(url string) string {
	w := httptest.NewRecorder()
	staticFiles.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, http.NoBody))
	return w.Body.String()
}

func gzipped(t *testing.T, text string) int {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}
