package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestProgram_Branding: pages use the accent colour and the logo, which is served in
// a sandbox; a colour that had to be changed is reported.
func TestProgram_Branding(t *testing.T) {
	folder := t.TempDir()
	logo := filepath.Join(folder, "acme.svg")
	if err := os.WriteFile(logo, []byte(`<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9v9z"/></svg>`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, folder, "--accent=#ffcc00", "--logo="+logo)
	site := "http://" + p.address
	_, page := get(t, site+"/sign-in")
	sheet := regexp.MustCompile(`/static/accent\.[0-9a-f]{12}\.css`).FindString(page)
	logoPath := regexp.MustCompile(`<img class="logo" src="(/static/logo\.[0-9a-f]{12}\.svg)" alt="">`).FindStringSubmatch(page)
	if sheet == "" || logoPath == nil {
		t.Fatalf("the page lacks the stylesheet or the logo:\n%s", page)
	}
	if _, css := get(t, site+sheet); !strings.Contains(css, "--accent: #ffcc00;") {
		t.Errorf("dark pages lack the colour: %s", css)
	}
	if resp, _ := get(t, site+logoPath[1]); resp.StatusCode != http.StatusOK || !strings.HasSuffix(resp.Header.Get("Content-Security-Policy"), "sandbox") || resp.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("the logo has the headers %v", resp.Header)
	}
	code, output := p.stop(t, syscall.SIGTERM)
	if code != 0 || !strings.Contains(output, "--accent: #ffcc00 ") {
		t.Errorf("exit code %d: %s", code, output)
	}
}
