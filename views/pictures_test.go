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
	b.check(os.MkdirAll(*screens, 0o755))
	for _, picture := range []struct {
		name          string
		width, height int      // of each page, which is cut off below
		pages         []string // side by side
	}{
		{"sign_in", 390, 700, []string{"sign_in_plain", "verify_account_app", "account"}},
		{"manage_mfa", 1000, 1200, []string{"manage_mfa"}},
		{"add_totp", 1000, 900, []string{"add_totp"}},
		{"admin", 1000, 762, []string{"admin"}},
	} {
		for _, theme := range themes {
			b.theme(theme)
			var shots []image.Image
			for _, page := range picture.pages {
				shot, err := png.Decode(bytes.NewReader(b.screenshot(origin+"/"+page, picture.width, 700)))
				b.check(err)
				shots = append(shots, shot)
			}
			file := filepath.Join(*screens, picture.name+"_"+theme+".png")
			b.check(os.WriteFile(file, compress(t, sideBySide(shots, picture.height)), 0o644))
		}
	}
}

// sideBySide puts pages of one width next to each other, cut off at a height. Each has an edge,
// and the gap between them is transparent.
func sideBySide(shots []image.Image, height int) image.Image {
	const gap = 24
	width := shots[0].Bounds().Dx()
	for _, shot := range shots {
		height = min(height, shot.Bounds().Dy())
	}
	all := image.NewRGBA(image.Rect(0, 0, len(shots)*(width+gap)-gap, height))
	edge := image.NewUniform(color.Gray{0x80})
	for i, shot := range shots {
		at := image.Rect(0, 0, width, height).Add(image.Pt(i*(width+gap), 0))
		draw.Draw(all, at, edge, image.Point{}, draw.Src)
		draw.Draw(all, at.Inset(1), shot, shot.Bounds().Min.Add(image.Pt(1, 1)), draw.Src)
	}
	return all
}

// compress reduces a screenshot to its 256 most frequent colours, which makes the
// file smaller. Of almost equal colours, it keeps one, so that there is room for those of icons.
func compress(t *testing.T, full image.Image) []byte {
	t.Helper()
	frequency := map[color.Color]int{}
	bounds := full.Bounds()
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			frequency[full.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(frequency), func(a, b color.Color) int { return frequency[b] - frequency[a] })
	palette := color.Palette{}
	for _, c := range colours {
		if len(palette) < 256 && (len(palette) == 0 || !almostEqual(c, palette.Convert(c))) {
			palette = append(palette, c)
		}
	}
	reduced := image.NewPaletted(bounds, palette)
	draw.Draw(reduced, bounds, full, image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, reduced); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func almostEqual(a, b color.Color) bool {
	ar, ag, ab, aa := a.RGBA()
	br, bg, bb, ba := b.RGBA()
	return max(ar, br)-min(ar, br)+max(ag, bg)-min(ag, bg)+max(ab, bb)-min(ab, bb) < 0x0c00 && aa == ba
}
