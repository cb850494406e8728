package static

import "maps"

// Colours returns the colours of the two themes by name, such as "accent", for mail,
// which cannot load a stylesheet. accent is a colour that [Accent] accepts, or empty for
// the default.
func Colours(accent string) (light, dark map[string]string) {
	l, d := themeColours()
	if accent != "" {
		c := parseColour(accent)
		maps.Copy(l, parseTheme(l.accentCSS(c, black)))
		maps.Copy(d, parseTheme(d.accentCSS(c, white)))
	}
	return l.names(), d.names()
}

func (t theme) names() map[string]string {
	names := map[string]string{}
	for name, c := range t {
		names[name] = c.String()
	}
	return names
}
