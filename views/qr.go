package views

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quietZone is the margin around a QR code, in modules (ISO/IEC 18004 section 6.3.8).
const quietZone = 4

// A qrDrawing is a QR code with its quiet zone, as an SVG path whose unit is one module.
type qrDrawing struct {
	Side int
	Path string
}

// width is in CSS pixels, a whole number for each module, so that all edges are sharp.
func (q qrDrawing) width() int { return q.Side * max(1, qrWidthMax/q.Side) }

// qrWidthMax fits into a panel on a screen of 320 pixels.
const qrWidthMax = 246

// drawQR draws content at error correction level M or, if it is too long for
// that, at level L. It reports false for more than the 2,953 bytes that level L holds.
func drawQR(content string) (drawing qrDrawing, ok bool) {
	for _, level := range []qr.ErrorCorrectionLevel{qr.M, qr.L} {
		code, err := qr.Encode(content, level, qr.Unicode)
		if err != nil {
			continue
		}
		modules := code.Bounds().Dx()
		dark := func(x, y int) bool {
			r, _, _, _ := code.At(x, y).RGBA()
			return r == 0
		}
		return qrDrawing{Side: modules + 2*quietZone, Path: rowRuns(modules, dark)}, true
	}
	return qrDrawing{}, false
}

// rowRuns returns a path with one rectangle for each run of dark modules in a row.
func rowRuns(modules int, dark func(x, y int) bool) string {
	var path strings.Builder
	for y := range modules {
		for x := 0; x < modules; x++ {
			if !dark(x, y) {
				continue
			}
			start := x
			for x < modules && dark(x, y) {
				x++
			}
			fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start+quietZone, y+quietZone, x-start, x-start)
		}
	}
	return path.String()
}
