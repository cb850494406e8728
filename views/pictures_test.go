package views

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/proto"
)

var themes = []string{"light", "dark"}

// maxHeight is the maxHeight viewport that Chromium paints.
const maxHeight = 16384

// screenshot captures the whole page. It enlarges the viewport to fit the page, so
// that there is no scroll bar.
func (b tab) screenshot(url string, width, height int) []byte {
	b.t.Helper()
	b.size(width, height)
	b.open(url)
	b.check(proto.EmulationSetScrollbarsHidden{Hidden: true}.Call(b.page))
	for range 2 { // some margins grow with the viewport
		var full int
		b.eval("() => document.documentElement.scrollHeight", &full)
		b.size(width, min(max(full, height), maxHeight))
	}
	shot, err := b.page.Screenshot(false, &proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng, OptimizeForSpeed: true})
	b.check(err)
	return shot
}

var pictures = flag.String("pictures", "", "folder to write screenshots of the gallery to")

// TestPictures takes screenshots of the gallery in both themes at three widths, for
// review: make pictures.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("-pictures is not set")
	}
	if err := os.MkdirAll(*pictures, 0o755); err != nil {
		t.Fatal(err)
	}
	origin := serveGallery(t)
	for _, theme := range themes {
		for _, screen := range []struct{ width, height int }{{320, 640}, {390, 844}, {1280, 800}} {
			t.Run(fmt.Sprintf("%s at %d", theme, screen.width), func(t *testing.T) {
				t.Parallel()
				b := newTab(t, chromium(t)) // its own browser, because a background tab may never be painted
				b.theme(theme)
				for _, s := range gallery() {
					name := fmt.Sprintf("%s_%d_%s.png", s.name, screen.width, theme)
					b.check(os.WriteFile(filepath.Join(*pictures, name), b.screenshot(origin+"/"+s.name, screen.width, screen.height), 0o644))
				}
			})
		}
	}
}

var screens = flag.String("screens", "", "folder to write the screenshots of the README to")

// TestScreens takes the screenshots of the README: make screenshots.
func TestScreens(t *testing.T) {
	if *screens == "" {
		t.Skip("-screens is not set")
	}
	b, origin := newTab(t, chromium(t)), serveGallery(t)
	for _, picture := range []struct {
		name  string
		width int
	}{{"sign_in_plain", 720}, {"manage_mfa", 1000}, {"add_totp", 1000}} {
		for _, theme := range themes {
			b.theme(theme)
			shot := b.screenshot(origin+"/"+picture.name, picture.width, 560)
			name := strings.TrimSuffix(picture.name, "_plain") + "_" + theme + ".png"
			b.check(os.MkdirAll(*screens, 0o755))
			b.check(os.WriteFile(filepath.Join(*screens, name), compress(t, shot), 0o644))
		}
	}
}

// compress reduces a screenshot to its 256 most frequent colours, which makes the
// file smaller.
func compress(t *testing.T, shot []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	frequency := map[color.Color]int{}
	bounds := full.Bounds()
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			frequency[full.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(frequency), func(a, b color.Color) int { return frequency[b] - frequency[a] })
	reduced := image.NewPaletted(bounds, color.Palette(colours[:min(len(colours), 256)]))
	draw.Draw(reduced, bounds, full, image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, reduced); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
