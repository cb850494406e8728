package static

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Accent returns a stylesheet that sets the accent colour, given as #rrggbb. It is
// loaded after the embedded stylesheet. Text in that colour, and text on it,
// keeps a contrast of 4.5:1 in both themes (WCAG 2.2 1.4.3): a colour that is too
// light for white pages is darkened, and one that is too dark for dark pages is
// lightened, by as little as possible. colours holds the results.
func Accent(given string) (sheet File, colours AccentColours, err error) {
	if !regexp.MustCompile(`^#[0-9a-fA-F]{6}$`).MatchString(given) {
		return File{}, AccentColours{}, errors.New("must be a colour in the form #rrggbb, such as #3b49c4")
	}
	accent := parseColour(given)
	light, dark := themeColours()
	var css strings.Builder
	css.WriteString(":root {" + light.accentCSS(accent, black) + "}\n")
	css.WriteString("@media screen and (prefers-color-scheme: dark) { :root {" + dark.accentCSS(accent, white) + "} }\n")
	colours = AccentColours{light.readable(accent, black).String(), dark.readable(accent, white).String()}
	return newFile("accent.css", []byte(css.String())), colours, nil
}

// AccentColours are the accent colours of the two themes.
type AccentColours struct{ Light, Dark string }

// Adjustment describes how the colours differ from the given one, or returns "".
func (a AccentColours) Adjustment(given string) string {
	given = strings.ToLower(given)
	switch {
	case given == a.Light && given == a.Dark:
		return ""
	case given == a.Light:
		return fmt.Sprintf("%s cannot be read on a dark page; it is shown there as %s", given, a.Dark)
	case given == a.Dark:
		return fmt.Sprintf("%s cannot be read on a light page; it is shown there as %s", given, a.Light)
	}
	return fmt.Sprintf("%s cannot be read on every page; it is shown as %s on light pages and as %s on dark pages", given, a.Light, a.Dark)
}

// A theme maps the custom properties of the stylesheet to their colours.
type theme map[string]colour

// themeColours parses the embedded stylesheet. The first :root block defines the
// light theme, the second the dark theme.
func themeColours() (light, dark theme) {
	css, err := embedded.ReadFile("style.css")
	if err != nil {
		panic(err) // embedded files can always be read
	}
	blocks := strings.SplitN(string(css), ":root {", 3)
	return parseTheme(blocks[1]), parseTheme(blocks[2])
}

// parseTheme parses custom properties up to the end of their block.
func parseTheme(block string) theme {
	block, _, _ = strings.Cut(block, "}")
	t := theme{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(block, -1) {
		t[m[1]] = parseColour(m[2])
	}
	return t
}

var lightHeader, darkHeader = func() (string, string) {
	light, dark := themeColours()
	return light["card"].String(), dark["card"].String()
}()

// HeaderColours returns the colours of the top of the pages, with which a phone's browser
// surrounds them.
func HeaderColours() (light, dark string) { return lightHeader, darkHeader }

// contrastMin is the minimum contrast of text (WCAG 2.2 1.4.3).
const contrastMin = 4.5

// readable shifts accent towards black or white by as little as possible, until
// text in that colour can be read on every background of the theme.
func (t theme) readable(accent, towards colour) colour {
	return nearest(accent, towards, func(c colour) bool {
		for _, background := range []colour{t["background"], t["card"], t["hover"], t["success-background"], t["warning-background"], t.noticeBackground(c)} {
			if contrast(c, background) < contrastMin {
				return false
			}
		}
		return true
	})
}

func (t theme) noticeBackground(accent colour) colour { return t["card"].mix(accent, 0.08) }

// accentCSS returns the declarations that depend on the accent colour.
func (t theme) accentCSS(accent, towards colour) string {
	accent = t.readable(accent, towards)
	text := white
	if contrast(black, accent) > contrast(white, accent) {
		text = colour{0x12, 0x15, 0x1b}
	}
	hover := accent.mix(towards, 0.16)
	return fmt.Sprintf(" --accent: %s; --accent-hover: %s; --on-accent: %s; --accent-background: %s; ", accent, hover, text, t.noticeBackground(accent))
}

// A colour holds the red, green and blue components of an sRGB colour.
type colour [3]uint8

var black, white = colour{}, colour{0xff, 0xff, 0xff}

// parseColour parses #rrggbb, which the caller has validated.
func parseColour(text string) colour {
	n, err := strconv.ParseUint(text[1:], 16, 32)
	if err != nil {
		panic(err)
	}
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}
}

func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// mix blends other into c; share is from 0 (c) to 1 (other).
func (c colour) mix(other colour, share float64) colour {
	for i := range c {
		c[i] = uint8(math.Round(float64(c[i])*(1-share) + float64(other[i])*share))
	}
	return c
}

// nearest returns the first colour between from and to that is ok, or to.
func nearest(from, to colour, ok func(colour) bool) colour {
	for percent := range 100 {
		if c := from.mix(to, float64(percent)/100); ok(c) {
			return c
		}
	}
	return to
}

// contrast returns the contrast ratio of WCAG 2.2, from 1 to 21.
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
