package static

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// FuzzLogo checks that no accepted logo runs code or loads a resource. Logo has an
// allowlist; checkHarmless has an independent blocklist.
func FuzzLogo(f *testing.F) {
	icon, err := embedded.ReadFile("icon.svg")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(icon)
	for _, inside := range []string{
		"", "<style>a{fill:url('#b')}</style>", "<style>@imp<!-- -->ort 'x';</style>", `<path style="fill:url(&quot;'#x&quot;)"/>`, "<path style=\"fill:url(\n'#a')\"/>",
		`<use xlink:href="#a"/>`, `<x:script xmlns:x="http://www.w3.org/2000/svg"/>`, `<h:script/>`, `<g onload="x"/>`, `<ink:a href="https://example.org"/>`,
		`<?xml-stylesheet href="x"?>`, `<style><![CDATA[@import "x"]]></style>`, `<image href="#a"/>`, `<ink:style>@import "x"</ink:style>`, `<g xmlns="urn:x"><script/></g>`,
	} {
		f.Add(svg(inside))
	}
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"))
	f.Fuzz(func(t *testing.T, content []byte) {
		logo, err := Logo(content)
		if err != nil {
			return
		}
		if !bytes.Equal(logo.content, content) || !strings.Contains(logo.policy, "sandbox") {
			t.Fatal("logo differs from the checked content, or is not sandboxed")
		}
		if bytes.HasPrefix(content, []byte("\x89PNG")) {
			return
		}
		if err := checkHarmless(content); err != nil {
			t.Fatalf("accepted: %v\n%s", err, content)
		}
	})
}

// renderable lists the namespaces that browsers render in an SVG. The empty one
// could be any of them. Browsers ignore elements of others, such as the RDF of
// drawing programs.
var renderable = []string{"", "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML"}

var (
	activeElement = regexp.MustCompile(`(?i)^(script|foreignobject|iframe|image|feimage|a|animate.*|set|handler|object|embed|audio|video|link|meta|body|html|math)$`)
	externalURL   = regexp.MustCompile(`(?is)url\((?:\s*["']?)([^#\s"'])|url\(\s*(?:""|''|"'|'"|["']\s+[^#\s])|@import|image(-set)?\(|\bsrc\(|\\|javascript:`)
)

// checkHarmless returns an error if an SVG runs code or loads a resource.
func checkHarmless(content []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	var style strings.Builder
	var open []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			if bad := externalURL.FindString(style.String()); bad != "" {
				return fmt.Errorf("style contains %q", bad)
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, token.Name.Local)
			if slices.Contains(renderable, token.Name.Space) && activeElement.MatchString(token.Name.Local) {
				return fmt.Errorf("element %q", token.Name.Local)
			}
			for _, a := range token.Attr {
				name := strings.ToLower(a.Name.Local)
				switch {
				case a.Name.Space == "xmlns" || name == "xmlns":
				case strings.HasPrefix(name, "on"), name == "href" && !strings.HasPrefix(a.Value, "#"), externalURL.MatchString(a.Value):
					return fmt.Errorf("attribute %s=%q", a.Name.Local, a.Value)
				}
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, name := range open {
				if strings.EqualFold(name, "style") {
					style.Write(token)
					break
				}
			}
		case xml.ProcInst:
			if token.Target != "xml" {
				return fmt.Errorf("processing instruction %q", token.Target)
			}
		case xml.Directive:
			if bytes.Contains(token, []byte("ENTITY")) {
				return errors.New("entity")
			}
		}
	}
}

// FuzzAccent checks that only #rrggbb is accepted, and that the stylesheet then
// contains nothing but colours with enough contrast.
func FuzzAccent(f *testing.F) {
	for _, given := range []string{"#3b49c4", "#FFFFFF", "#000000", "#808080", "#fff", "3b49c4", "#3b49c4}", "red", "#3b49c4\n", ""} {
		f.Add(given)
	}
	sheetPattern := regexp.MustCompile(`^:root \{( --[a-z-]+: #[0-9a-f]{6};)+ \}\n@media screen and \(prefers-color-scheme: dark\) \{ :root \{( --[a-z-]+: #[0-9a-f]{6};)+ \} \}\n$`)
	light, dark := themeColours()
	f.Fuzz(func(t *testing.T, given string) {
		sheet, colours, err := Accent(given)
		if ok := regexp.MustCompile(`\A#[0-9a-fA-F]{6}\z`).MatchString(given); ok != (err == nil) {
			t.Fatalf("%q: %v", given, err)
		}
		if err != nil {
			return
		}
		if !sheetPattern.Match(sheet.content) {
			t.Fatalf("Accent(%q) = %q", given, sheet.content)
		}
		for c, background := range map[string]colour{colours.Light: light["card"], colours.Dark: dark["card"]} {
			if contrast(parseColour(c), background) < 4.5 {
				t.Fatalf("%q: contrast of %s on %s is too low", given, c, background)
			}
		}
	})
}
