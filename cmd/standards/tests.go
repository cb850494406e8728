package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// tests holds the tests of the project and the requirements that they cite.
type tests struct {
	names     []string            // folder.TestName
	byID      map[string][]string // from requirements to names
	citations []citation          // in all test files, outside of tests too
}

// A citation is the id of a requirement in a comment of a test file.
type citation struct{ id, file string }

// testName matches the functions that go test runs.
var testName = regexp.MustCompile(`^(Test|Fuzz)($|[^a-z])`)

// readTests parses all test files in a folder and its subfolders.
func readTests(folder string) (tests, error) {
	t := tests{byID: map[string][]string{}}
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != folder && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		relative, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		return t.readFile(name, filepath.ToSlash(relative))
	})
	for id := range t.byID {
		slices.Sort(t.byID[id])
		t.byID[id] = slices.Compact(t.byID[id])
	}
	return t, err
}

// readFile parses one file. A citation counts for the test that contains it or
// has it in its doc comment; other citations prove nothing.
func (t *tests) readFile(name, relative string) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	prefix := path.Dir(relative) + "."
	var functions []*ast.FuncDecl
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if ok && f.Recv == nil && f.Name.Name != "TestMain" && testName.MatchString(f.Name.Name) {
			functions = append(functions, f)
			t.names = append(t.names, prefix+f.Name.Name)
		}
	}
	for _, comment := range file.Comments {
		for _, cited := range id.FindAllString(comment.Text(), -1) {
			t.citations = append(t.citations, citation{cited, relative})
			for _, f := range functions {
				start := f.Pos()
				if f.Doc != nil {
					start = f.Doc.Pos()
				}
				if start <= comment.Pos() && comment.Pos() < f.End() {
					t.byID[cited] = append(t.byID[cited], prefix+f.Name.Name)
				}
			}
		}
	}
	return nil
}
