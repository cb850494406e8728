package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A requirement is a row of auth/standards.md.
type requirement struct {
	id, grade string
	untested  string // the reason why no test proves it, if there is one
}

var (
	grades = []string{"must", "should", "stretch"}
	id     = regexp.MustCompile(`\b[A-Z]{2}-[0-9]{2}\b`)
)

// readRequirements parses the tables. Rows with four cells define requirements;
// rows with two give the reason why one is not tested.
func readRequirements(folder string) (requirements []requirement, err error) {
	file := filepath.Join(folder, "auth", "standards.md")
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(content)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if !strings.HasPrefix(line, "| ") || id.FindString(cells[0]) != cells[0] || cells[0] == "" {
			continue
		}
		index := slices.IndexFunc(requirements, func(r requirement) bool { return r.id == cells[0] })
		switch {
		case len(cells) == 4 && index < 0 && slices.Contains(grades, cells[1]):
			requirements = append(requirements, requirement{id: cells[0], grade: cells[1]})
		case len(cells) == 2 && index >= 0 && cells[1] != "":
			requirements[index].untested = cells[1]
		default:
			return nil, fmt.Errorf("%s: invalid row: %s", file, line)
		}
	}
	return requirements, nil
}
