package static

import (
	"bytes"
	"image"
	"image/png"
	"net/http/httptest"
	"strings"
	"testing"
)

func svg(inside string) []byte {
	return []byte(`<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:ink="http://www.inkscape.org/namespaces/inkscape" viewBox="0 0 8 8">` + inside + `</svg>`)
}

func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLogo_TakesWhatDraws(t *testing.T) {
	icon, err := embedded.ReadFile("icon.svg")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"our own":   icon,
		"gradients": svg(`<defs><linearGradient id="a"><stop offset="0"/></linearGradient></defs><path style="fill:url(#a)" d="M0 0h8v8z"/><use xlink:href="#a"/><rect fill="url('#a')"/>`),
		"styles":    svg(`<style>.a { fill: red } @media (prefers-color-scheme: dark) { .a { fill: url("#a") } }</style><title>Acme</title>`),
		"an editor": svg(`<ink:view ink:zoom="2"/><metadata><ink:x/></metadata>`),
		"a PNG":     picture(t, 64, 32),
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

func TestLogo_Refuses(t *testing.T) {
	big := picture(t, 64, 64)
	for name, content := range map[string][]byte{
		"nothing":              {},
		"text":                 []byte("Acme"),
		"a page":               []byte("<html><svg xmlns='http://www.w3.org/2000/svg'/></html>"),
		"no name space":        []byte("<svg/>"),
		"half":                 []byte(`<svg xmlns="http://www.w3.org/2000/svg"><g>`),
		"two":                  append(svg(""), "<x/>"...),
		"too much":             svg(strings.Repeat(" ", 64<<10)),
		"a script":             svg("<script>alert(1)</script>"),
		"a script of XHTML":    svg("<h:script>alert(1)</h:script>"),
		"a script of nowhere":  svg(`<script xmlns="">alert(1)</script>`),
		"a page inside":        svg("<foreignObject><h:p>x</h:p></foreignObject>"),
		"a handler":            svg(`<path onclick="alert(1)"/>`),
		"a handler in capital": svg(`<path ONLOAD="alert(1)"/>`),
		"a link":               svg(`<a xlink:href="https://example.org"><path/></a>`),
		"a use elsewhere":      svg(`<use href="https://example.org/x.svg#a"/>`),
		"a picture":            svg(`<image href="https://example.org/x.png"/>`),
		"a change of address":  svg(`<set attributeName="href" to="javascript:alert(1)"/>`),
		"a fill elsewhere":     svg(`<path fill="url(https://example.org/#a)"/>`),
		"a style elsewhere":    svg(`<path style="fill:url( 'https://example.org/#a')"/>`),
		"an import":            svg(`<style>@import "https://example.org/x.css";</style>`),
		"an import in pieces":  svg(`<style>@imp<!-- -->ort "https://example.org/x.css";</style>`),
		"an import in CDATA":   svg(`<style><![CDATA[@IMPORT "https://example.org/x.css";]]></style>`),
		"an escaped url":       svg(`<style>a { fill: u\72l(https://example.org) }</style>`),
		"a base":               svg(`<g xml:base="https://example.org/"/>`),
		"entities":             []byte(`<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>`),
		"a stylesheet":         []byte(`<?xml-stylesheet href="https://example.org/x.css"?><svg xmlns="http://www.w3.org/2000/svg"/>`),
		"half a PNG":           big[:len(big)/2],
		"a PNG by name alone":  []byte("\x89PNG\r\n\x1a\nrest"),
		"a PNG too wide":       picture(t, 2049, 1),
	} {
		if _, err := Logo(content); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
