// Package static serves the stylesheets, the images and the script of the pages. They are
// embedded in the program. Each has a URL derived from its content, so browsers
// may cache it indefinitely and never apply an outdated version to a page.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"maps"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

//go:embed style.css account.css icon.svg icon.png passkey.js
var embedded embed.FS

// contentTypes does not depend on the MIME types of the host.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".png": "image/png",
}

// A File is served under a URL derived from its content.
type File struct {
	URL         string
	content     []byte
	contentType string
	policy      string // Content-Security-Policy; empty for that of the pages
}

// urls maps file names to URLs, and files maps URLs to files.
var urls, files = load()

func load() (map[string]string, map[string]File) {
	entries, err := embedded.ReadDir(".")
	if err != nil {
		panic(err) // embedded files can always be read
	}
	urls, files := map[string]string{}, map[string]File{}
	for _, entry := range entries {
		name := entry.Name()
		content, err := embedded.ReadFile(name)
		if err != nil {
			panic(err)
		}
		if path.Ext(name) == ".css" {
			content = minify(content)
		}
		f := newFile(name, content)
		urls[name], files[f.URL] = f.URL, f
	}
	return urls, files
}

// minify drops the comments, white space and zeros that only people read, a quarter of the stylesheet. It
// is for our own, whose texts contain none of these characters.
func minify(css []byte) []byte {
	for _, r := range []struct{ pattern, replacement string }{
		{`(?s)/\*.*?\*/`, ""},
		{`\s+`, " "},
		{` ?([{};,>]) ?`, "$1"},
		{`([a-z-]): `, "$1:"},
		{`;}`, "}"},
		{`\b0(\.\d)`, "$1"},
		{`="([a-z]+)"`, "=$1"},
	} {
		css = regexp.MustCompile(r.pattern).ReplaceAll(css, []byte(r.replacement))
	}
	return bytes.TrimSpace(css)
}

func newFile(name string, content []byte) File {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	url := "/static/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	return File{URL: url, content: content, contentType: contentTypes[ext]}
}

// URL returns the URL of an embedded file, such as /static/style.0123456789ab.css.
// It panics if there is no such file.
func URL(name string) string {
	url, ok := urls[name]
	if !ok {
		panic("static: no file " + name)
	}
	return url
}

// Handler serves the embedded files and the custom ones, compressed. Custom files
// without a URL are ignored.
func Handler(custom ...File) http.Handler {
	files := maps.Clone(files)
	for _, f := range custom {
		if f.URL != "" {
			files[f.URL] = f
		}
	}
	w, err := gzip.NewWriterLevel(nil, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is valid
	}
	compressed := map[string][]byte{}
	for url, f := range files {
		compressed[url] = compress(w, f)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		header := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		if f.policy != "" {
			header.Set("Content-Security-Policy", f.policy)
		}
		header.Set("Content-Type", f.contentType)
		content := f.content
		if gz := compressed[f.URL]; gz != nil {
			header.Set("Vary", "Accept-Encoding")
			if acceptsGzip(r.Header) {
				header.Set("Content-Encoding", "gzip")
				content = gz
			}
		}
		header.Set("Content-Length", strconv.Itoa(len(content)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(content) // an error means that the client has disconnected
		}
	})
}
