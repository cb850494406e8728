// Package cmd has no code of its own; its programs are in the packages below.
// Its tests are about the source of the whole project.
package cmd

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers says which of our top-level folders each of them may import.
var layers = map[string][]string{
	"auth":     {},
	"static":   {},
	"db":       {"auth"},
	"views":    {"auth", "static"},
	"handlers": {"auth", "views", "static"},
	"cmd":      {"auth", "db", "handlers", "views"},
}

// restricted says which folders may import packages with a prefix.
var restricted = map[string][]string{
	"github.com/labstack/echo":     {"handlers"},
	"github.com/a-h/templ":         {"views", "handlers"},
	"github.com/gorilla/":          {"handlers"},
	"github.com/boombuler/barcode": {"views"},
	"database/sql":                 {"db"},
	"github.com/jackc/":            {"db"},
	"modernc.org/":                 {"db"},
	"zombiezen.com/":               {"db"},
	"net/http":                     {"handlers", "static", "cmd"},
	"math/rand":                    {}, // secrets come from crypto/rand
}

// authImports are the prefixes of the packages that auth may import in addition to the
// standard library. The WebAuthn library imports net/http, which is accepted: the rule is
// about our own imports.
var authImports = []string{
	"github.com/go-jose/go-jose/v4", "github.com/go-webauthn/webauthn/protocol",
	"github.com/nyaruka/phonenumbers", "github.com/pquerna/otp", "golang.org/x/crypto/", "golang.org/x/net/idna", "golang.org/x/text/unicode/norm",
}

// TestLayout checks that dependencies point one way, that no secret comes from
// another generator than crypto/rand (ST-07), and that test support stays out of
// the program.
func TestLayout(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "twostep/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	seen := map[string]bool{}
	for {
		var p struct {
			ImportPath string
			Imports    []string // without those of tests
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		layer := top(p.ImportPath)
		seen[layer] = true
		if _, ok := layers[layer]; !ok {
			t.Errorf("%s is in no layer", p.ImportPath)
		}
		for _, imported := range p.Imports {
			if !mayImport(p.ImportPath, imported) {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
	}
	for layer := range layers {
		if !seen[layer] {
			t.Errorf("no package is in %s", layer)
		}
	}
}

func mayImport(importer, imported string) bool {
	layer := top(importer)
	if strings.HasPrefix(imported, "twostep/") {
		testSupport := strings.HasSuffix(importer, "test") || importer == "twostep/cmd/bench"
		if strings.HasSuffix(imported, "test") && !testSupport {
			return false
		}
		return top(imported) == layer || slices.Contains(layers[layer], top(imported))
	}
	for prefix, allowed := range restricted {
		if strings.HasPrefix(imported, prefix) && !slices.Contains(allowed, layer) {
			return false
		}
	}
	external := strings.Contains(strings.Split(imported, "/")[0], ".")
	return layer != "auth" || !external ||
		slices.ContainsFunc(authImports, func(prefix string) bool { return strings.HasPrefix(imported, prefix) })
}

// top returns the top-level folder of one of our packages.
func top(importPath string) string {
	folder, _, _ := strings.Cut(strings.TrimPrefix(importPath, "twostep/"), "/")
	return folder
}
