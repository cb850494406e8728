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

// FuzzLogo: of what is taken as a logo nothing runs and nothing fetches, by a
// judge of its own that looks for what is bad; the gate looks for what is good.
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
			t.Fatal("another file is served than was checked, or it is not shut in")
		}
		if bytes.HasPrefix(content, []byte("\x89PNG")) {
			return
		}
		if err := harmful(content); err != nil {
			t.Fatalf("it is taken: %v\n%s", err, content)
		}
	})
}

// languages are those that a browser reads inside an SVG; to name none could be
// any of them. An element of another does nothing, whichever name it bears, such
// as the RDF that drawing programs write.
var languages = []string{"", "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML"}

var (
	runs    = regexp.MustCompile(`(?i)^(script|foreignobject|iframe|image|feimage|a|animate.*|set|handler|object|embed|audio|video|link|meta|body|html|math)$`)
	fetches = regexp.MustCompile(`(?is)url\((?:\s*["']?)([^#\s"'])|url\(\s*(?:""|''|"'|'"|["']\s+[^#\s])|@import|image(-set)?\(|\bsrc\(|\\|javascript:`)
)

// harmful says what in an SVG runs or fetches.
func harmful(content []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	var style strings.Builder
	var open []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			if bad := fetches.FindString(style.String()); bad != "" {
				return fmt.Errorf("a style has %q", bad)
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, token.Name.Local)
			if slices.Contains(languages, token.Name.Space) && runs.MatchString(token.Name.Local) {
				return fmt.Errorf("an element %q", token.Name.Local)
			}
			for _, a := range token.Attr {
				name := strings.ToLower(a.Name.Local)
				switch {
				case a.Name.Space == "xmlns" || name == "xmlns":
				case strings.HasPrefix(name, "on"), name == "href" && !strings.HasPrefix(a.Value, "#"), fetches.MatchString(a.Value):
					return fmt.Errorf("an attribute %s=%q", a.Name.Local, a.Value)
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
				return fmt.Errorf("an instruction %q", token.Target)
			}
		case xml.Directive:
			if bytes.Contains(token, []byte("ENTITY")) {
				return errors.New("an entity")
			}
		}
	}
}

// FuzzAccent: only #rrggbb is a colour; and whichever it is, the stylesheet made
// of it holds nothing but colours that can be read.
func FuzzAccent(f *testing.F) {
	for _, given := range []string{"#3b49c4", "#FFFFFF", "#000000", "#808080", "#fff", "3b49c4", "#3b49c4}", "red", "#3b49c4\n", ""} {
		f.Add(given)
	}
	sheetForm := regexp.MustCompile(`^:root \{( --[a-z-]+: #[0-9a-f]{6};)+ \}\n@media \(prefers-color-scheme: dark\) \{ :root \{( --[a-z-]+: #[0-9a-f]{6};)+ \} \}\n$`)
	light, dark := themeColours()
	f.Fuzz(func(t *testing.T, given string) {
		sheet, shown, err := Accent(given)
		if ok := regexp.MustCompile(`\A#[0-9a-fA-F]{6}\z`).MatchString(given); ok != (err == nil) {
			t.Fatalf("%q: %v", given, err)
		}
		if err != nil {
			return
		}
		if !sheetForm.Match(sheet.content) {
			t.Fatalf("%q makes %q", given, sheet.content)
		}
		for c, ground := range map[string]colour{shown.Light: light["card"], shown.Dark: dark["card"]} {
			if contrast(parseColour(c), ground) < 4.5 {
				t.Fatalf("%q is shown as %s on %s", given, c, ground)
			}
		}
	})
}
