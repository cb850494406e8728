package handlers

import (
	"twostep/static"
	"twostep/views"
)

// An Asset is a file that the operator supplies, validated and named by a hash of
// its content. The zero Asset is none.
type Asset = static.File

// Accent returns a stylesheet with an accent colour, #rrggbb. If the colour had
// to be changed to stay readable, note says so.
func Accent(colour string) (sheet Asset, note string, err error) {
	sheet, colours, err := static.Accent(colour)
	if err != nil {
		return Asset{}, "", err
	}
	return sheet, colours.Adjustment(colour), nil
}

// Logo reads an SVG or PNG file. An SVG that could run scripts or load other
// files is rejected.
func Logo(content []byte) (Asset, error) { return static.Logo(content) }

// branding returns the URLs of the operator's files and links.
func (s *site) branding() views.Branding {
	return views.Branding{Accent: s.Accent.URL, Logo: s.Logo.URL, Links: s.Links}
}
