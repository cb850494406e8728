package static

import (
	"strings"
	"testing"
)

// TestColours_OfTheStylesheet checks that mail has the colours of the pages.
func TestColours_OfTheStylesheet(t *testing.T) {
	light, dark := Colours("")
	if light["card"] != "#ffffff" || light["card"] == dark["card"] || light["accent"] == dark["accent"] {
		t.Errorf("colours are %v and %v", light, dark)
	}
	sheet, colours, err := Accent("#FFCC00")
	if err != nil {
		t.Fatal(err)
	}
	light, dark = Colours("#FFCC00")
	if light["accent"] != colours.Light || dark["accent"] != colours.Dark || !strings.Contains(string(sheet.content), "--on-accent: "+dark["on-accent"]) {
		t.Errorf("colours are %v and %v, want %v", light, dark, colours)
	}
}
