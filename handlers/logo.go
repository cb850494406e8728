package handlers

import (
	"twostep/static"
	"twostep/views"
)

// An Asset is a file of the operator's own, checked and named by its content.
// The zero one is none.
type Asset = static.Own

// Accent makes a stylesheet of an accent colour, #rrggbb. said is worth telling
// the operator: that it is shown in another shade, to stay readable.
func Accent(given string) (sheet Asset, said string, err error) {
	sheet, shown, err := static.Accent(given)
	if err != nil {
		return Asset{}, "", err
	}
	return sheet, shown.Changed(given), nil
}

// Logo reads an SVG or PNG. What could run, or fetch something, is refused.
func Logo(content []byte) (Asset, error) { return static.Logo(content) }

// looks are the addresses of what the operator brought.
func (s *site) looks() views.Branding { return views.Branding{Accent: s.Accent.URL, Logo: s.Logo.URL} }
