package static

import (
	"compress/gzip"
	"io"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// A client gets the stylesheet compressed if it accepts gzip, and otherwise as it is. Caches
// keep both apart.
func TestHandler_Gzip(t *testing.T) {
	handler := Handler(File{URL: "/static/small.css", content: []byte("a{}"), contentType: "text/css"})
	for header, want := range map[string]bool{
		"": false, "gzip": true, "gzip, deflate, br": true, "br;q=1.0, GZIP ; q=0.8": true, "*": true, "x-gzip": true,
		"identity": false, "br": false, "gzip;q=0": false, "gzip; q=0.000, *": false, "*;q=0": false, "*;q=0, gzip": true,
		"gzip;q=x": false, "gzippy": false, ";;;,,": false,
	} {
		for _, method := range []string{"GET", "HEAD"} {
			r := httptest.NewRequest(method, URL("style.css"), nil)
			r.Header.Set("Accept-Encoding", header)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != 200 || (w.Header().Get("Content-Encoding") == "gzip") != want || w.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%q: %d, %v", header, w.Code, w.Header())
			}
			if method == "HEAD" {
				continue
			}
			if w.Header().Get("Content-Length") != strconv.Itoa(w.Body.Len()) {
				t.Errorf("%q: %d bytes, length %s", header, w.Body.Len(), w.Header().Get("Content-Length"))
			}
			var body io.Reader = w.Body
			if want {
				if w.Body.Len() > len(stylesheet(t))/2 {
					t.Errorf("%d of %d bytes", w.Body.Len(), len(stylesheet(t)))
				}
				unzipped, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = unzipped
			}
			if text, err := io.ReadAll(body); err != nil || string(text) != stylesheet(t) {
				t.Errorf("%q: %d bytes, %v", header, len(text), err)
			}
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/static/small.css", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	if handler.ServeHTTP(w, r); w.Body.String() != "a{}" || strings.Contains(w.Header().Get("Content-Encoding"), "gzip") {
		t.Errorf("a file that gzip makes larger: %q, %v", w.Body, w.Header())
	}
}

// stylesheet returns the stylesheet as it is served without compression.
func stylesheet(t *testing.T) string {
	t.Helper()
	file, found := files[URL("style.css")]
	if !found {
		t.Fatal("there is no stylesheet")
	}
	return string(file.content)
}
