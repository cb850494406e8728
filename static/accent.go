package static

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// A File is served under a name derived from its content.
type File struct {
	URL string
	file
}

// Accent is a stylesheet with the accent colour of the operator's choice,
// written #rrggbb, to stand behind the program's own. Text in that colour, and
// text on it, keeps a contrast of 4.5:1 in both themes (WCAG 2.2 1.4.3): a
// colour that is too light for white pages is darkened, and one too dark for
// dark pages is lightened, no further than that takes. shown are the colours
// that came of it.
func Accent(given string) (sheet File, shown AccentColours, err error) {
	if !regexp.MustCompile(`^#[0-9a-fA-F]{6}$`).MatchString(given) {
		return File{}, AccentColours{}, errors.New("give a colour as #rrggbb, such as #3b49c4")
	}
	brand := parseColour(given)
	light, dark := themeColours()
	var css strings.Builder
	css.WriteString(":root {" + light.accented(brand, black) + "}\n")
	css.WriteString("@media (prefers-color-scheme: dark) { :root {" + dark.accented(brand, white) + "} }\n")
	shown = AccentColours{light.readable(brand, black).String(), dark.readable(brand, white).String()}
	return own("accent.css", []byte(css.String())), shown, nil
}

// AccentColours are the accent colours of the two themes.
type AccentColours struct{ Light, Dark string }

// Adjustment describes how the colours differ from the given one, or returns "".
func (s AccentColours) Adjustment(given string) string {
	given = strings.ToLower(given)
	switch {
	case given == s.Light && given == s.Dark:
		return ""
	case given == s.Light:
		return fmt.Sprintf("%s cannot be read on a dark page, and is shown there as %s", given, s.Dark)
	case given == s.Dark:
		return fmt.Sprintf("%s cannot be read on a light page, and is shown there as %s", given, s.Light)
	}
	return fmt.Sprintf("%s cannot be read on every page: it is shown as %s on light ones and as %s on dark ones", given, s.Light, s.Dark)
}

// A theme is the colours of the stylesheet by their names.
type theme map[string]colour

// themeColours reads the colours of the program's own stylesheet: the first
// :root block has the light ones, the second the dark ones.
func themeColours() (light, dark theme) {
	css, err := embedded.ReadFile("style.css")
	if err != nil {
		panic(err) // what is embedded can be read
	}
	blocks := strings.SplitN(string(css), ":root {", 3)
	read := func(block string) theme {
		block, _, _ = strings.Cut(block, "}")
		found := theme{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(block, -1) {
			found[m[1]] = parseColour(m[2])
		}
		return found
	}
	return read(blocks[1]), read(blocks[2])
}

// readableText is the least contrast of text (WCAG 2.2 1.4.3).
const readableText = 4.5

// readable is the nearest colour, on the way to black or white, that can be
// read as text on every ground it stands on.
func (t theme) readable(brand, towards colour) colour {
	return nearest(brand, towards, func(c colour) bool {
		for _, ground := range []colour{t["ground"], t["card"], t["hover"], t.tinted(c)} {
			if contrast(c, ground) < readableText {
				return false
			}
		}
		return true
	})
}

// tinted is the ground of notices: the card with a breath of the accent.
func (t theme) tinted(accent colour) colour { return t["card"].mixed(accent, 0.08) }

// accented writes what depends on the accent.
func (t theme) accented(brand, towards colour) string {
	accent := t.readable(brand, towards)
	on := white
	if contrast(black, accent) > contrast(white, accent) {
		on = colour{0x12, 0x15, 0x1b}
	}
	hover := accent.mixed(towards, 0.16)
	return fmt.Sprintf(" --accent: %s; --accent-hover: %s; --on-accent: %s; --accent-ground: %s; ", accent, hover, on, t.tinted(accent))
}

// A colour is red, green and blue of sRGB.
type colour [3]uint8

var black, white = colour{}, colour{0xff, 0xff, 0xff}

func parseColour(text string) colour {
	n, err := strconv.ParseUint(text[1:], 16, 32)
	if err != nil {
		panic(err) // a pattern has matched
	}
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}
}

func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// mixed is a colour with a share, from 0 to 1, of another in it.
func (c colour) mixed(other colour, share float64) colour {
	for i := range c {
		c[i] = uint8(math.Round(float64(c[i])*(1-share) + float64(other[i])*share))
	}
	return c
}

// nearest is the first colour that will do on the way from one to another.
func nearest(from, to colour, do func(colour) bool) colour {
	for percent := range 100 {
		if c := from.mixed(to, float64(percent)/100); do(c) {
			return c
		}
	}
	return to
}

// contrast is that of WCAG 2.2, from 1 to 21.
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func (c colour) luminance() float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		channel := float64(c[i]) / 255
		if channel <= 0.04045 {
			channel /= 12.92
		} else {
			channel = math.Pow((channel+0.055)/1.055, 2.4)
		}
		sum += weight * channel
	}
	return sum
}
