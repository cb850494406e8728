package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A promise is a line of auth/standards.md.
type promise struct {
	id, grade string
	why       string // no test proves it; empty where one has to
}

var (
	grades = []string{"must", "should", "stretch"}
	id     = regexp.MustCompile(`\b[A-Z]{2}-[0-9]{2}\b`)
)

// readPromises reads the tables: rows of four cells are promises, rows of two
// say why no test proves one.
func readPromises(folder string) (promises []promise, err error) {
	name := filepath.Join(folder, "auth", "standards.md")
	content, err := os.ReadFile(name)
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
		at := slices.IndexFunc(promises, func(p promise) bool { return p.id == cells[0] })
		switch {
		case len(cells) == 4 && at < 0 && slices.Contains(grades, cells[1]):
			promises = append(promises, promise{id: cells[0], grade: cells[1]})
		case len(cells) == 2 && at >= 0 && cells[1] != "":
			promises[at].why = cells[1]
		default:
			return nil, fmt.Errorf("%s: what does this line say? %s", name, line)
		}
	}
	return promises, nil
}
