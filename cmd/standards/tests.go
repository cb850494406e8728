package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// tests are all of the project, with the promises that they name.
type tests struct {
	names    []string            // as folder.TestName
	byID     map[string][]string // promise → tests
	mentions []mention           // by tests and by what stands beside them
}

// A mention is a promise's id in a comment of a test file.
type mention struct{ id, where string }

// aTest is the name of what go test runs.
var aTest = regexp.MustCompile(`^(Test|Fuzz)($|[^a-z])`)

// readTests parses every test file below a folder.
func readTests(folder string) (tests, error) {
	found := tests{byID: map[string][]string{}}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != folder && (strings.HasPrefix(name, ".") || name == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		in, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		return found.read(path, filepath.ToSlash(in))
	})
	for id := range found.byID {
		slices.Sort(found.byID[id])
		found.byID[id] = slices.Compact(found.byID[id])
	}
	return found, err
}

// read takes what one file says. A comment belongs to the test that it stands
// above or inside of; any other proves nothing.
func (t *tests) read(path, shown string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	room, _, _ := strings.Cut(shown, filepath.Base(shown))
	var functions []*ast.FuncDecl
	for _, declared := range file.Decls {
		f, isFunction := declared.(*ast.FuncDecl)
		if isFunction && f.Recv == nil && f.Name.Name != "TestMain" && aTest.MatchString(f.Name.Name) {
			functions = append(functions, f)
			t.names = append(t.names, strings.TrimSuffix(room, "/")+"."+f.Name.Name)
		}
	}
	for _, comment := range file.Comments {
		for _, named := range id.FindAllString(comment.Text(), -1) {
			t.mentions = append(t.mentions, mention{named, shown})
			for _, f := range functions {
				from := f.Pos()
				if f.Doc != nil {
					from = f.Doc.Pos()
				}
				if from <= comment.Pos() && comment.Pos() < f.End() {
					t.byID[named] = append(t.byID[named], strings.TrimSuffix(room, "/")+"."+f.Name.Name)
				}
			}
		}
	}
	return nil
}
