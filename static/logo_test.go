package static

import (
	"bytes"
	"image"
	"image/png"
	"net/http/httptest"
	"strings"
	"testing"
)

func svg(content string) []byte {
	return []byte(`<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:ink="http://www.inkscape.org/namespaces/inkscape" viewBox="0 0 8 8">` + content + `</svg>`)
}

func encodePNG(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLogo_Accepts(t *testing.T) {
	icon, err := embedded.ReadFile("icon.svg")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"icon":        icon,
		"gradients":   svg(`<defs><linearGradient id="a"><stop offset="0"/></linearGradient></defs><path style="fill:url(#a)" d="M0 0h8v8z"/><use xlink:href="#a"/><rect fill="url('#a')"/>`),
		"styles":      svg(`<style>.a { fill: red } @media (prefers-color-scheme: dark) { .a { fill: url("#a") } }</style><title>Acme</title>`),
		"editor data": svg(`<ink:view ink:zoom="2"/><metadata><ink:x/></metadata>`),
		"PNG":         encodePNG(t, 64, 32),
	} {
		logo, err := Logo(content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w := httptest.NewRecorder()
		Handler(File{}, logo).ServeHTTP(w, httptest.NewRequest("GET", logo.URL, nil))
		if w.Code != 200 || !strings.HasSuffix(w.Header().Get("Content-Security-Policy"), "; sandbox") || !strings.HasPrefix(w.Header().Get("Content-Type"), "image/") {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
}

func TestLogo_Rejects(t *testing.T) {
	big := encodePNG(t, 64, 64)
	for name, content := range map[string][]byte{
		"empty":                     {},
		"text":                      []byte("Acme"),
		"HTML page":                 []byte("<html><svg xmlns='http://www.w3.org/2000/svg'/></html>"),
		"no namespace":              []byte("<svg/>"),
		"incomplete SVG":            []byte(`<svg xmlns="http://www.w3.org/2000/svg"><g>`),
		"two documents":             append(svg(""), "<x/>"...),
		"too many bytes":            svg(strings.Repeat(" ", 64<<10)),
		"script":                    svg("<script>alert(1)</script>"),
		"XHTML script":              svg("<h:script>alert(1)</h:script>"),
		"script without namespace":  svg(`<script xmlns="">alert(1)</script>`),
		"embedded page":             svg("<foreignObject><h:p>x</h:p></foreignObject>"),
		"event handler":             svg(`<path onclick="alert(1)"/>`),
		"event handler in capitals": svg(`<path ONLOAD="alert(1)"/>`),
		"link":                      svg(`<a xlink:href="https://example.org"><path/></a>`),
		"external use":              svg(`<use href="https://example.org/x.svg#a"/>`),
		"image":                     svg(`<image href="https://example.org/x.png"/>`),
		"animated link":             svg(`<set attributeName="href" to="javascript:alert(1)"/>`),
		"external fill":             svg(`<path fill="url(https://example.org/#a)"/>`),
		"external style":            svg(`<path style="fill:url( 'https://example.org/#a')"/>`),
		"import":                    svg(`<style>@import "https://example.org/x.css";</style>`),
		"import split by a comment": svg(`<style>@imp<!-- -->ort "https://example.org/x.css";</style>`),
		"import in CDATA":           svg(`<style><![CDATA[@IMPORT "https://example.org/x.css";]]></style>`),
		"escaped URL":               svg(`<style>a { fill: u\72l(https://example.org) }</style>`),
		"base URL":                  svg(`<g xml:base="https://example.org/"/>`),
		"entities":                  []byte(`<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>`),
		"stylesheet instruction":    []byte(`<?xml-stylesheet href="https://example.org/x.css"?><svg xmlns="http://www.w3.org/2000/svg"/>`),
		"incomplete PNG":            big[:len(big)/2],
		"PNG signature only":        []byte("\x89PNG\r\n\x1a\nrest"),
		"PNG too wide":              encodePNG(t, 2049, 1),
	} {
		if _, err := Logo(content); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
