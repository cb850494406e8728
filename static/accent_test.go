package static

import (
	"fmt"
	"strings"
	"testing"
)

// TestAccent_Contrast checks that the colours derived from any accent colour meet
// the same contrast as the default ones (AX-08).
func TestAccent_Contrast(t *testing.T) {
	given := []string{"#3b49c4", "#000000", "#ffffff", "#ffcc00", "#777777", "#FF0000", "#00ff00", "#0000ff", "#1a73e8", "#635bff", "#ff6f61"}
	for r := 0; r < 256; r += 51 {
		for g := 0; g < 256; g += 51 {
			for b := 0; b < 256; b += 51 {
				given = append(given, fmt.Sprintf("#%02x%02x%02x", r, g, b))
			}
		}
	}
	light, dark := themeColours()
	for _, text := range given {
		for name, theme := range map[string]theme{"light": light, "dark": dark} {
			css := theme.accentCSS(parseColour(text), map[string]colour{"light": black, "dark": white}[name])
			colours := map[string]colour{"background": theme["background"], "card": theme["card"], "hover": theme["hover"], "text": theme["text"], "warning-background": theme["warning-background"], "success-background": theme["success-background"]}
			for declaration := range strings.SplitSeq(css, ";") {
				if name, value, found := strings.Cut(strings.TrimSpace(declaration), ": "); found {
					colours[strings.TrimPrefix(name, "--")] = parseColour(value)
				}
			}
			for _, pair := range [][2]string{
				{"accent", "background"},
				{"accent", "card"},
				{"accent", "hover"},
				{"accent", "accent-background"},
				{"accent", "success-background"},
				{"accent", "warning-background"},
				{"accent-hover", "card"},
				{"on-accent", "accent"},
				{"on-accent", "accent-hover"},
				{"text", "accent-background"},
			} {
				if got := contrast(colours[pair[0]], colours[pair[1]]); got < 4.5 {
					t.Errorf("%s, %s theme: %s on %s has contrast %.2f", text, name, pair[0], pair[1], got)
				}
			}
		}
	}
}

func TestAccent_Adjustment(t *testing.T) {
	tests := map[string]string{
		"#3B49C4": "#3b49c4 cannot be read on a dark page; it is shown there as ",
		"#ffcc00": "#ffcc00 cannot be read on a light page; it is shown there as ",
		"#777777": "#777777 cannot be read on every page; it is shown as ",
	}
	for given, want := range tests {
		sheet, colours, err := Accent(given)
		if err != nil || !strings.HasPrefix(colours.Adjustment(given), want) {
			t.Errorf("%s: %q, %v", given, colours.Adjustment(given), err)
		}
		if css := string(sheet.content); !strings.Contains(css, colours.Light) || !strings.Contains(css, colours.Dark) || !strings.HasPrefix(sheet.URL, "/static/accent.") {
			t.Errorf("%s: %s contains %s", given, sheet.URL, css)
		}
	}
	for _, given := range []string{"", "red", "#fff", "3b49c4", "#3b49c4;", "#3b49cg", "#3b49c4ff", "#3b49c\n"} {
		if _, _, err := Accent(given); err == nil {
			t.Errorf("%q: no error", given)
		}
	}
}
