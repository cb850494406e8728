package views

import (
	_ "embed"
	"regexp"
	"strings"

	"github.com/a-h/templ"

	"twostep/static"
)

//go:embed mail.css
var mailCSS string

// A mailStyle is mail.css in the colours of a site, as mail programs need it. Few load a
// stylesheet and some ignore a style element, so each class has a style attribute, in
// the colours of the light theme. The style element has those of the dark theme.
type mailStyle struct {
	inline  map[string]string // by class
	element string
}

var (
	mailRule        = regexp.MustCompile(`(?s)\.([a-z-]+) \{(.*?)\}`)
	mailDeclaration = regexp.MustCompile(`([a-z-]+): ([^;]+);`)
	mailColour      = regexp.MustCompile(`var\(--([a-z-]+)\)`)
)

func newMailStyle(accent string) mailStyle {
	light, dark := static.Colours(accent)
	style := mailStyle{inline: map[string]string{}}
	var element strings.Builder
	element.WriteString("<style>:root { color-scheme: light dark; supported-color-schemes: light dark; } @media (prefers-color-scheme: dark) {")
	for _, rule := range mailRule.FindAllStringSubmatch(mailCSS, -1) {
		class := rule[1]
		for _, d := range mailDeclaration.FindAllStringSubmatch(rule[2], -1) {
			name, value := d[1], d[2]
			style.inline[class] += name + ": " + inColours(value, light) + "; "
			if mailColour.MatchString(value) {
				element.WriteString(" ." + class + " { " + name + ": " + inColours(value, dark) + " !important; }")
			}
		}
		style.inline[class] = strings.TrimSpace(style.inline[class])
	}
	element.WriteString(" }</style>")
	style.element = element.String()
	return style
}

func inColours(value string, colours map[string]string) string {
	return mailColour.ReplaceAllStringFunc(value, func(use string) string {
		return colours[mailColour.FindStringSubmatch(use)[1]]
	})
}

// class returns the attributes of an element with a class of mail.css.
func (s mailStyle) class(name string) templ.Attributes {
	return templ.Attributes{"class": name, "style": s.inline[name]}
}
