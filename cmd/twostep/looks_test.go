package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestProgram_OwnLooks: the operator's colour and logo are on the pages and are
// served, the logo shut in; a colour that had to be changed is told.
func TestProgram_OwnLooks(t *testing.T) {
	folder := t.TempDir()
	logo := filepath.Join(folder, "acme.svg")
	if err := os.WriteFile(logo, []byte(`<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9v9z"/></svg>`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, folder, "--accent=#ffcc00", "--logo="+logo)
	get := func(path string) (*http.Response, string) {
		t.Helper()
		answer, err := http.Get("http://" + p.address + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", path, answer.Status, err)
		}
		return answer, string(body)
	}
	_, page := get("/sign-in")
	sheet := regexp.MustCompile(`/static/accent\.[0-9a-f]{12}\.css`).FindString(page)
	picture := regexp.MustCompile(`<img class="logo" src="(/static/logo\.[0-9a-f]{12}\.svg)" alt="">`).FindStringSubmatch(page)
	if sheet == "" || picture == nil {
		t.Fatalf("the page has neither or only one:\n%s", page)
	}
	if _, css := get(sheet); !strings.Contains(css, "--accent: #ffcc00;") {
		t.Errorf("dark pages do not have the colour: %s", css)
	}
	if answer, _ := get(picture[1]); !strings.HasSuffix(answer.Header.Get("Content-Security-Policy"), "sandbox") || answer.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("the logo comes with %v", answer.Header)
	}
	code, said := p.stop(t, syscall.SIGTERM)
	if code != 0 || !strings.Contains(said, "--accent: #ffcc00 cannot be read on a light page") {
		t.Errorf("exit code %d, and it said %s", code, said)
	}
}
