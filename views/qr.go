package views

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quietZone is the white around a QR code, in modules (ISO/IEC 18004 section 6.3.8).
const quietZone = 4

// A qrDrawing is a QR code with its quiet zone, as one SVG path in units of a module.
type qrDrawing struct {
	Side int
	Path string
}

// drawQR draws content. Level M survives a smudged screen; what is too long
// for it gets level L, which holds 2,953 bytes. drawn is false past that.
func drawQR(content string) (drawing qrDrawing, drawn bool) {
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

// rowRuns is a path with one rectangle for each run of dark modules in a row.
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
