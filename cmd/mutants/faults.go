package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A fault replaces the bytes from, to of a file by a text.
type fault struct {
	file     string
	source   []byte
	from, to int
	text     string
}

func (f fault) apply() []byte {
	return slices.Concat(f.source[:f.from], []byte(f.text), f.source[f.to:])
}

// flipped are the operators that a fault replaces, and by what.
var flipped = map[token.Token]string{
	token.EQL: "!=", token.NEQ: "==", token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
	token.LAND: "||", token.LOR: "&&",
}

// condition is one that SQL can do without.
var condition = regexp.MustCompile(`\s+AND (\$?[\w.]+) (=|<>|<=?|>=?|IS NOT|IS) ([$\w.]+)`)

// findAll returns all possible faults in the chosen files, in the order of the files.
func findAll(files *regexp.Regexp) (all []fault, err error) {
	for _, folder := range slices.Sorted(maps.Keys(tested)) {
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") || !files.MatchString(filepath.ToSlash(name)) {
				continue
			}
			found, err := find(name)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no source files: run it in the root of the repository")
	}
	return all, nil
}

// find returns the possible faults in one file.
func find(name string) (all []fault, err error) {
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	at := func(pos token.Pos) int { return files.Position(pos).Offset }
	add := func(from, to int, text string) { all = append(all, fault{name, source, from, to, text}) }
	ast.Inspect(parsed, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.BinaryExpr: // another comparison; one with nil only handles an error
			if text, ok := flipped[node.Op]; ok && !isNil(node.X) && !isNil(node.Y) {
				add(at(node.OpPos), at(node.OpPos)+len(node.Op.String()), text)
			}
		case *ast.IfStmt: // no guard
			if node.Init == nil && node.Else == nil && !aboutNil(node.Cond) && endsEarly(node.Body) {
				add(at(node.Pos()), at(node.End()), "")
			}
		case *ast.CallExpr: // one change less
			if called, ok := node.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "add" {
				for i, arg := range node.Args {
					to := at(node.Rparen)
					if i+1 < len(node.Args) {
						to = at(node.Args[i+1].Pos())
					}
					add(at(arg.Pos()), to, "")
				}
			}
		case *ast.BasicLit: // one condition less
			if node.Kind == token.STRING && strings.HasPrefix(node.Value, "`") {
				for _, found := range condition.FindAllStringIndex(node.Value, -1) {
					add(at(node.Pos())+found[0], at(node.Pos())+found[1], "")
				}
			}
		}
		return true
	})
	return all, nil
}

func isNil(e ast.Expr) bool {
	name, ok := e.(*ast.Ident)
	return ok && name.Name == "nil"
}

// aboutNil reports whether a condition is only whether there is an error.
func aboutNil(e ast.Expr) bool {
	binary, ok := e.(*ast.BinaryExpr)
	return ok && (isNil(binary.X) || isNil(binary.Y))
}

func endsEarly(body *ast.BlockStmt) bool {
	if len(body.List) != 1 {
		return false
	}
	switch body.List[0].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}
