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
	logoBytesMax  = 64 << 10
	logoPixelsMax = 2048 // per side of a PNG; browsers need memory to decode it
)

// Logo checks the operator's logo, an SVG or PNG. An SVG can contain everything
// that a page can, so only drawing elements are accepted: no script, no embedded
// page, no event handler and no external reference. In addition, its policy
// sandboxes the logo when a user opens its URL.
func Logo(content []byte) (File, error) {
	logo, check := newFile("logo.svg", content), checkSVG
	if bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")) {
		logo, check = newFile("logo.png", content), checkPNG
	}
	logo.policy = logoPolicy
	switch {
	case len(content) == 0:
		return File{}, errors.New("file is empty")
	case len(content) > logoBytesMax:
		return File{}, fmt.Errorf("file has %d bytes; at most %d are allowed", len(content), logoBytesMax)
	}
	return logo, check(content)
}

func checkPNG(content []byte) error {
	config, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("invalid PNG: %w", err)
	}
	if config.Width > logoPixelsMax || config.Height > logoPixelsMax {
		return fmt.Errorf("PNG has %d by %d pixels; at most %d per side are allowed", config.Width, config.Height, logoPixelsMax)
	}
	if _, err := png.Decode(bytes.NewReader(content)); err != nil {
		return fmt.Errorf("invalid PNG: %w", err)
	}
	return nil
}

// logoPolicy applies when the logo is opened as a page. An SVG may have inline
// styles.
const logoPolicy = "default-src 'none'; style-src 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

const svgNamespace = "http://www.w3.org/2000/svg"

// svgElements are the elements that a logo may contain. All others may run code,
// load a resource or show a page.
var svgElements = strings.Fields(`svg g defs symbol use title desc metadata style switch path rect circle ellipse line polyline polygon
	text tspan linearGradient radialGradient stop pattern clipPath mask marker filter feBlend feColorMatrix feComponentTransfer
	feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG
	feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence`)

// renderedNamespaces are the other namespaces that browsers render in an SVG.
var renderedNamespaces = []string{"http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML"}

var errNoImage = errors.New("file is neither an SVG nor a PNG")

func checkSVG(content []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	depth, styleDepth := 0, 0
	var style strings.Builder // comments split the text of a style, and browsers join it
	for started := false; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && started && depth == 0 {
			return nil
		}
		if err != nil && !started {
			return errNoImage
		}
		if err != nil {
			return fmt.Errorf("invalid SVG: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !started && (token.Name.Space != svgNamespace || token.Name.Local != "svg") {
				return errNoImage
			}
			started = true
			if depth++; token.Name.Local == "style" {
				styleDepth++
			}
			if err := checkElement(token); err != nil {
				return err
			}
		case xml.EndElement:
			if depth--; token.Name.Local == "style" {
				styleDepth--
				if err := checkStyle(style.String()); err != nil {
					return err
				}
			}
		case xml.CharData:
			if styleDepth > 0 {
				style.Write(token)
			}
		case xml.Directive:
			if bytes.ContainsRune(token, '[') {
				return errors.New("SVG declares entities, which are not allowed")
			}
		case xml.ProcInst:
			if token.Target != "xml" {
				return fmt.Errorf("SVG contains <?%s?>, which is not allowed", token.Target)
			}
		}
	}
}

// checkElement checks the name and the attributes of an element. Browsers ignore
// elements in the namespaces of drawing programs.
func checkElement(e xml.StartElement) error {
	if e.Name.Space == svgNamespace && !slices.Contains(svgElements, e.Name.Local) || e.Name.Space == "" || slices.Contains(renderedNamespaces, e.Name.Space) {
		return fmt.Errorf("SVG contains <%s>, which is not allowed", e.Name.Local)
	}
	for _, a := range e.Attr {
		name := strings.ToLower(a.Name.Local)
		switch {
		case strings.HasPrefix(name, "on"):
			return fmt.Errorf("SVG contains the event handler %s, which is not allowed", a.Name.Local)
		case name == "base" || name == "src" || name == "href" && !strings.HasPrefix(a.Value, "#"):
			return fmt.Errorf("SVG contains an external reference in %s, which is not allowed", a.Name.Local)
		case a.Name.Space == "xmlns" || name == "xmlns":
		default:
			if err := checkStyle(a.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// localURL matches references to an element of the same file.
var localURL = regexp.MustCompile(`url\(\s*["']?#`)

// checkStyle rejects imports and URLs outside the file, and backslashes, which
// could disguise either of them.
func checkStyle(css string) error {
	css = strings.ToLower(css)
	external := strings.Count(css, "url(") > len(localURL.FindAllString(css, -1))
	for _, part := range []string{`\`, "@import", "src(", "image(", "image-set("} {
		external = external || strings.Contains(css, part)
	}
	if external {
		return errors.New("SVG contains an external reference in a style, which is not allowed")
	}
	return nil
}
