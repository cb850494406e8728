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

// tallest is as much of a page as Chromium paints in one piece.
const tallest = 16384

// whole is a picture of the page from top to bottom, in a window that is grown
// to hold all of it: so it has no scroll bar, and what is centred stays so.
func (b tab) whole(url string, width, height int) []byte {
	b.t.Helper()
	b.size(width, height)
	b.open(url)
	var all int
	b.reads("() => document.documentElement.scrollHeight", &all)
	b.size(width, min(max(all, height), tallest))
	shot, err := b.page.Screenshot(false, &proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng, OptimizeForSpeed: true})
	b.try(err)
	return shot
}

var pictures = flag.String("pictures", "", "folder to write a picture of every state of every page to")

// TestPictures takes pictures of every state in both themes on a small phone, a
// phone and a desk, for eyes: make pictures.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("only where -pictures names a folder")
	}
	if err := os.MkdirAll(*pictures, 0o755); err != nil {
		t.Fatal(err)
	}
	origin := shelf(t)
	for _, theme := range themes {
		for _, screen := range []struct{ width, height int }{{320, 640}, {390, 844}, {1200, 800}} {
			t.Run(fmt.Sprintf("%s at %d", theme, screen.width), func(t *testing.T) {
				t.Parallel()
				b := newTab(t, chromium(t)) // of its own: a tab behind another one may wait for ever to be painted
				b.theme(theme)
				for _, s := range gallery() {
					name := fmt.Sprintf("%s_%d_%s.png", s.name, screen.width, theme)
					b.try(os.WriteFile(filepath.Join(*pictures, name), b.whole(origin+"/"+s.name, screen.width, screen.height), 0o644))
				}
			})
		}
	}
}

var screens = flag.String("screens", "", "folder to write the pictures of the README to")

// TestScreens takes the pictures of the README: make screenshots.
func TestScreens(t *testing.T) {
	if *screens == "" {
		t.Skip("only where -screens names a folder")
	}
	b, origin := newTab(t, chromium(t)), shelf(t)
	for _, picture := range []struct {
		name  string
		width int
	}{{"sign_in_plain", 720}, {"manage_mfa", 860}, {"add_totp", 860}} {
		for _, theme := range themes {
			b.theme(theme)
			shot := b.whole(origin+"/"+picture.name, picture.width, 560)
			name := strings.TrimSuffix(picture.name, "_plain") + "_" + theme + ".png"
			b.try(os.MkdirAll(*screens, 0o755))
			b.try(os.WriteFile(filepath.Join(*screens, name), light(t, shot), 0o644))
		}
	}
}

// light makes a picture of few colours lighter: those that stand most often are
// kept, and what is between them, at the edges of letters, takes the nearest.
func light(t *testing.T, shot []byte) []byte {
	t.Helper()
	whole, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	often := map[color.Color]int{}
	bounds := whole.Bounds()
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			often[whole.At(x, y)]++
		}
	}
	kept := slices.SortedFunc(maps.Keys(often), func(a, b color.Color) int { return often[b] - often[a] })
	few := image.NewPaletted(bounds, color.Palette(kept[:min(len(kept), 64)]))
	draw.Draw(few, bounds, whole, image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
