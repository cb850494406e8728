package views

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
)

// TestDrawQR_DrawsEachModule compares the path with the code, module by module, and
// checks that the quiet zone is white.
func TestDrawQR_DrawsEachModule(t *testing.T) {
	drawing, ok := drawQR(sampleURI)
	if !ok {
		t.Fatal("drawQR failed")
	}
	code, err := qr.Encode(sampleURI, qr.M, qr.Unicode)
	if err != nil {
		t.Fatal(err)
	}
	modules := code.Bounds().Dx()
	if drawing.Side != modules+8 {
		t.Fatalf("side is %d for %d modules", drawing.Side, modules)
	}
	dark := darkModules(t, drawing.Path)
	for y := range drawing.Side {
		for x := range drawing.Side {
			inside := x >= 4 && y >= 4 && x < modules+4 && y < modules+4
			want := false
			if inside {
				r, _, _, _ := code.At(x-4, y-4).RGBA()
				want = r == 0
			}
			if dark[[2]int{x, y}] != want {
				t.Fatalf("module %d,%d is dark: %v", x, y, !want)
			}
		}
	}
}

// TestDrawQR_LongAddressFits checks that the longest email address, with every
// character escaped, and a long site name still fit.
func TestDrawQR_LongAddressFits(t *testing.T) {
	email := strings.Repeat("+", 242) + "@example.com"
	issuer := url.QueryEscape(strings.Repeat("Söhne und ", 20))
	uri := "otpauth://totp/" + issuer + ":" + url.QueryEscape(email) +
		"?secret=" + sampleKey + "&issuer=" + issuer
	if len(email) != 254 {
		t.Fatal(len(email))
	}
	drawing, ok := drawQR(uri)
	if !ok || drawing.Side > 177+8 {
		t.Errorf("%d bytes: drawn %v, side %d", len(uri), ok, drawing.Side)
	}
}

// TestAddTOTP_TooLongForQR checks that the key is shown if the URI fits no QR code.
func TestAddTOTP_TooLongForQR(t *testing.T) {
	long := "otpauth://totp/" + strings.Repeat("a", 3000)
	page := render(t, AddTOTP(AddTOTPPage{Page: signedIn("/account/manage-mfa/add"), URI: long, Key: sampleKey}))
	doc := parse(t, page)
	if doc.Find("svg.qr").Length() != 0 || !strings.Contains(doc.Find(".key").Text(), groupsOfFour(sampleKey)) {
		t.Error("want the key and no QR code")
	}
}

// TestDrawQR_WholePixels: each module is a whole number of pixels wide.
func TestDrawQR_WholePixels(t *testing.T) {
	for _, content := range []string{"short", sampleURI, sampleURI + strings.Repeat("x", 200), strings.Repeat("x", 2900)} {
		q, ok := drawQR(content)
		if width := q.width(); !ok || width%q.Side != 0 || width > max(qrWidthMax, q.Side) {
			t.Errorf("%d bytes: %d pixels for %d modules", len(content), width, q.Side)
		}
	}
	if q, _ := drawQR(sampleURI); q.width() < 5*q.Side {
		t.Errorf("%d pixels for %d modules are hard to scan", q.width(), q.Side)
	}
}

func TestAddTOTP_QRHasAccessibleName(t *testing.T) {
	page := render(t, AddTOTP(AddTOTPPage{Page: signedIn("/account/manage-mfa/add"), URI: sampleURI, Key: sampleKey}))
	svg := parse(t, page).Find("svg.qr")
	if svg.AttrOr("role", "") != "img" || svg.AttrOr("aria-label", "") == "" || svg.AttrOr("shape-rendering", "") != "crispEdges" {
		t.Error("the QR code is not an image with an accessible name")
	}
	if !strings.Contains(page, `fill="#fff"`) || !strings.Contains(page, `fill="#000"`) {
		t.Error("the QR code is not black on white")
	}
}

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

func darkModules(t *testing.T, path string) map[[2]int]bool {
	t.Helper()
	dark := map[[2]int]bool{}
	if rest := run.ReplaceAllString(path, ""); rest != "" {
		t.Fatalf("the path holds %q", rest)
	}
	for _, m := range run.FindAllStringSubmatch(path, -1) {
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(m[i+1])
		}
		if n[2] != n[3] {
			t.Fatalf("run %q does not close", m[0])
		}
		for x := range n[2] {
			dark[[2]int{n[0] + x, n[1]}] = true
		}
	}
	return dark
}

func BenchmarkDrawQR(b *testing.B) {
	for b.Loop() {
		drawQR(sampleURI)
	}
}
