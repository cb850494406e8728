// Package cmd holds no code: its programs are in the folders below. Here the
// test of the house stands, because it speaks of every room.
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

// rooms says what each room may import of ours, and which outside packages
// live in one room alone.
var rooms = map[string][]string{
	"auth":     {},
	"static":   {},
	"db":       {"auth"},
	"views":    {"auth", "static"},
	"handlers": {"auth", "views", "static"},
	"cmd":      {"auth", "db", "handlers", "views", "cmd"},
}

var outside = map[string][]string{ // prefix of an import path → rooms that may use it
	"github.com/labstack/echo":     {"handlers"},
	"github.com/a-h/templ":         {"views", "handlers"},
	"github.com/gorilla/":          {"handlers"},
	"github.com/boombuler/barcode": {"views"},
	"database/sql":                 {"db"},
	"modernc.org/":                 {"db"},
	"zombiezen.com/":               {"db"},
	"net/http":                     {"handlers", "static", "cmd"},
	"math/rand":                    {}, // secrets come from the system's generator alone
}

// authMay is all that the rules may import beside the standard library.
var authMay = []string{"golang.org/x/", "github.com/pquerna/otp", "github.com/nyaruka/phonenumbers"}

// TestRooms keeps the floors apart: imports run down the house and never up; and
// no room draws secrets from any but the system's generator (ST-07).
func TestRooms(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "twostep/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	seen := map[string]bool{}
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		room, _, _ := strings.Cut(strings.TrimPrefix(p.ImportPath, "twostep/"), "/")
		seen[room] = true
		if _, known := rooms[room]; !known {
			t.Errorf("%s stands in no room", p.ImportPath)
		}
		for _, imported := range p.Imports {
			if ours, ok := strings.CutPrefix(imported, "twostep/"); ok {
				other, _, _ := strings.Cut(ours, "/")
				if !slices.Contains(rooms[room], other) {
					t.Errorf("%s imports %s", p.ImportPath, imported)
				}
				continue
			}
			for prefix, may := range outside {
				if strings.HasPrefix(imported, prefix) && !slices.Contains(may, room) {
					t.Errorf("%s imports %s", p.ImportPath, imported)
				}
			}
			foreign := strings.Contains(strings.Split(imported, "/")[0], ".")
			if room == "auth" && foreign && !slices.ContainsFunc(authMay, func(ok string) bool { return strings.HasPrefix(imported, ok) }) {
				t.Errorf("the rules import %s", imported)
			}
		}
	}
	for room := range rooms {
		if !seen[room] {
			t.Errorf("the room %s is gone", room)
		}
	}
}
