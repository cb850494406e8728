// Package static holds the files a browser fetches beside the pages. They are
// part of the program, and each is served under a name made from its content,
// so that browsers may keep it for ever and never show a page with old looks.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"maps"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed style.css icon.svg
var embedded embed.FS

// Types are given here because those of the system differ from host to host.
var types = map[string]string{
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
	".png": "image/png",
}

type file struct {
	content     []byte
	contentType string
	policy      string // Content-Security-Policy, where it is not that of the pages
}

// urls maps a file's name to its address, files the address to the file.
var urls, files = load()

func load() (map[string]string, map[string]file) {
	entries, err := embedded.ReadDir(".")
	if err != nil {
		panic(err) // what is embedded can be read
	}
	urls, files := map[string]string{}, map[string]file{}
	for _, entry := range entries {
		name := entry.Name()
		content, err := embedded.ReadFile(name)
		if err != nil {
			panic(err)
		}
		f := own(name, content)
		urls[name], files[f.URL] = f.URL, f.file
	}
	return urls, files
}

// own names a file by its content.
func own(name string, content []byte) File {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	url := "/static/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	return File{url, file{content: content, contentType: types[ext]}}
}

// URL is the address of a file, like /static/style.0123456789ab.css. A name
// that does not exist is a mistake in the program, and a panic.
func URL(name string) string {
	url, exists := urls[name]
	if !exists {
		panic("static: no file " + name)
	}
	return url
}

// Handler serves the files under the addresses of [URL], those of the operator
// under theirs, and nothing else.
func Handler(more ...File) http.Handler {
	files := maps.Clone(files)
	for _, f := range more {
		if f.URL != "" {
			files[f.URL] = f.file
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, exists := files[r.URL.Path]
		if !exists {
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
		header.Set("Content-Length", strconv.Itoa(len(f.content)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(f.content) // the reader may be gone; nobody is left to tell
		}
	})
}
