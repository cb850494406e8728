package static

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"regexp"
	"slices"
	"strings"
)

const (
	logoBytes = 64 << 10
	logoSide  = 2048 // pixels of a PNG: more is a photograph, and memory to draw it
)

// Logo is the operator's logo, an SVG or PNG. An SVG can hold all that a page
// can, so it is taken only with what draws: no script, no page inside it, no
// event handler and nothing that is fetched from elsewhere. It is sandboxed
// besides, for whoever opens its address.
func Logo(content []byte) (File, error) {
	logo := own("logo.svg", content)
	check := checkSVG
	if bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")) {
		logo, check = own("logo.png", content), checkPNG
	}
	logo.policy = logoPolicy
	switch {
	case len(content) == 0:
		return File{}, errors.New("the file is empty")
	case len(content) > logoBytes:
		return File{}, fmt.Errorf("the file has %d bytes, and a logo at most %d", len(content), logoBytes)
	}
	return logo, check(content)
}

func checkPNG(content []byte) error {
	size, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("the PNG cannot be read: %w", err)
	}
	if size.Width > logoSide || size.Height > logoSide {
		return fmt.Errorf("the PNG is %d by %d pixels, and a logo at most %d each way", size.Width, size.Height, logoSide)
	}
	if _, err := png.Decode(bytes.NewReader(content)); err != nil {
		return fmt.Errorf("the PNG cannot be read: %w", err)
	}
	return nil
}

// logoPolicy shuts a logo in that somebody opens as a page. The styles are
// those inside an SVG.
const logoPolicy = "default-src 'none'; style-src 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

const svgSpace = "http://www.w3.org/2000/svg"

// svgDraws is what a logo may be made of; an element that is not here may run,
// fetch or show something.
var svgDraws = strings.Fields(`svg g defs symbol use title desc metadata style switch path rect circle ellipse line polyline polygon
	text tspan linearGradient radialGradient stop pattern clipPath mask marker filter feBlend feColorMatrix feComponentTransfer
	feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG
	feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence`)

// svgRuns are the other languages that browsers show inside an SVG.
var svgRuns = []string{"http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML"}

func checkSVG(content []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	depth, styles := 0, 0
	var style strings.Builder // whole: a comment inside it parts its text, and browsers join it
	for began := false; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && began && depth == 0 {
			return nil
		}
		if err != nil && !began {
			return errors.New("the file is neither an SVG nor a PNG")
		}
		if err != nil {
			return fmt.Errorf("the SVG cannot be read: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !began && (token.Name.Space != svgSpace || token.Name.Local != "svg") {
				return errors.New("the file is neither an SVG nor a PNG")
			}
			began = true
			if depth++; token.Name.Local == "style" {
				styles++
			}
			if err := checkElement(token); err != nil {
				return err
			}
		case xml.EndElement:
			if depth--; token.Name.Local == "style" {
				styles--
				if err := checkStyle(style.String()); err != nil {
					return err
				}
			}
		case xml.CharData:
			if styles > 0 {
				style.Write(token)
			}
		case xml.Directive:
			if bytes.ContainsRune(token, '[') {
				return errors.New("the SVG declares entities, which a logo may not")
			}
		case xml.ProcInst:
			if token.Target != "xml" {
				return fmt.Errorf("the SVG holds <?%s?>, which a logo may not", token.Target)
			}
		}
	}
}

// checkElement looks at an element and its attributes. Elements of drawing
// programs, in spaces of their own, do nothing in a browser.
func checkElement(e xml.StartElement) error {
	if e.Name.Space == svgSpace && !slices.Contains(svgDraws, e.Name.Local) || e.Name.Space == "" || slices.Contains(svgRuns, e.Name.Space) {
		return fmt.Errorf("the SVG holds <%s>, which a logo may not", e.Name.Local)
	}
	for _, a := range e.Attr {
		name := strings.ToLower(a.Name.Local)
		switch {
		case strings.HasPrefix(name, "on"):
			return fmt.Errorf("the SVG holds the event handler %s, which a logo may not", a.Name.Local)
		case name == "base" || name == "src" || name == "href" && !strings.HasPrefix(a.Value, "#"):
			return fmt.Errorf("the SVG leads elsewhere by %s, which a logo may not", a.Name.Local)
		case a.Name.Space == "xmlns" || name == "xmlns":
		default:
			if err := checkStyle(a.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownParts are urls of a part of the same file.
var ownParts = regexp.MustCompile(`url\(\s*["']?#`)

// checkStyle refuses what fetches: an import, and an url that is not of a part
// of the same file. A backslash could hide either.
func checkStyle(text string) error {
	text = strings.ToLower(text)
	fetches := strings.Count(text, "url(") > len(ownParts.FindAllString(text, -1))
	for _, word := range []string{`\`, "@import", "src(", "image(", "image-set("} {
		fetches = fetches || strings.Contains(text, word)
	}
	if fetches {
		return errors.New("the SVG refers to something outside of it, which a logo may not")
	}
	return nil
}
