package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A fault is one small change of a file. Its number switches it on.
type fault struct {
	number   int
	folder   string
	place    string // file:line
	was, now string
}

func (f fault) String() string {
	return fmt.Sprintf("%s\n    - %s\n    + %s", f.place, f.was, f.now)
}

// flipped are the operators that a fault replaces, and by what.
var flipped = map[token.Token]string{
	token.EQL: "!=", token.NEQ: "==", token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
	token.LAND: "||", token.LOR: "&&",
}

// condition is one that SQL can do without. Its right side may be a call.
var condition = regexp.MustCompile(`\sAND (\$?[\w.]+ (?:=|<>|<=?|>=?|IS(?: NOT)?(?: DISTINCT FROM)?) [$%\w.]+(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?)`)

// A switcher rewrites files so that each of their faults can be switched on.
type switcher struct {
	edits
	source []byte // of the current file
	folder string
	set    *token.FileSet
	info   types.Info
	pkg    *types.Package
	faults []fault // of all files so far
}

// switchFolder returns the rewritten files of a package by their absolute path, and adds
// their faults to those of other packages.
func switchFolder(folder string, faults []fault) (switched map[string][]byte, all []fault, err error) {
	s := &switcher{folder: folder, faults: faults, set: token.NewFileSet()}
	names, _ := filepath.Glob(filepath.Join(folder, "*.go")) // the pattern is valid
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(s.set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("no source files in %s: run it in the root of the repository", folder)
	}
	s.info = types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: noImports{}, Error: func(error) {}} // the types of the package itself are enough
	s.pkg, _ = config.Check(folder, s.set, files, &s.info)
	switched = map[string][]byte{}
	for _, file := range files {
		name, err := filepath.Abs(s.set.Position(file.Pos()).Filename)
		if err != nil {
			return nil, nil, err
		}
		if switched[name], err = s.switchFile(name, file); err != nil {
			return nil, nil, err
		}
	}
	return switched, s.faults, nil
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.ErrUnsupported }

func (s *switcher) switchFile(name string, file *ast.File) (text []byte, err error) {
	if s.source, err = os.ReadFile(name); err != nil {
		return nil, err
	}
	before := len(s.faults)
	s.edits = nil
	s.open(0, "//line "+name+":1\n") // for errors and stack traces
	ast.Inspect(file, s.visit)
	if len(s.faults) > before {
		s.shut(s.offset(file.Name.End()), `; import fault_ "twostep/cmd/mutants/fault"`)
	}
	return s.apply(s.source), nil
}

func (s *switcher) visit(node ast.Node) bool {
	switch node := node.(type) {
	case *ast.GenDecl: // a constant cannot be switched, nor one that a query is part of
		if node.Tok == token.CONST {
			if !strings.Contains(s.text(node.Pos(), node.End()), "`") {
				return false
			}
			s.replace(s.offset(node.Pos()), "const", "var")
		}
	case *ast.BinaryExpr: // another comparison; one with nil only handles an error
		if _, ok := flipped[node.Op]; ok && !isNil(node.X) && !isNil(node.Y) && s.info.Types[node].Value == nil {
			s.compare(node)
		}
	case *ast.IfStmt: // no guard
		if node.Init == nil && node.Else == nil && !aboutNil(node.Cond) && endsEarly(node.Body) {
			number := s.add(node.Pos(), s.text(node.Pos(), node.End()), "")
			s.wrap(node.Cond, fmt.Sprintf("!fault_.On(%d) && (", number), ")")
		}
	case *ast.CallExpr: // one change less
		if kind := s.variadicAdd(node); kind != "" {
			s.open(s.offset(node.Args[0].Pos()), fmt.Sprintf("fault_.Keep[%s](%d, ", kind, len(s.faults)+1))
			s.shut(s.offset(node.Rparen), ")...")
			for _, arg := range node.Args {
				s.add(arg.Pos(), s.text(arg.Pos(), arg.End()), "")
			}
		}
	case *ast.BasicLit: // one condition without effect; its parameters stay for the arguments
		if node.Kind == token.STRING && strings.HasPrefix(node.Value, "`") {
			for _, found := range condition.FindAllStringSubmatchIndex(node.Value, -1) {
				was := node.Value[found[2]:found[3]]
				now := "(" + was + " OR TRUE)"
				number := s.add(node.Pos()+token.Pos(found[2]), was, now)
				changed := strings.Trim(node.Value[:found[2]]+now+node.Value[found[3]:], "`")
				s.wrap(node, fmt.Sprintf("fault_.Pick(%d, ", number), ", "+strconv.Quote(changed)+")")
			}
		}
	}
	return true
}

// compare switches an operator. Neither side is computed twice, and the right side of
// && and || only when it was before: x || y is !(!x && !y).
func (s *switcher) compare(node *ast.BinaryExpr) {
	changed := flipped[node.Op]
	number := s.add(node.OpPos, s.text(node.Pos(), node.End()), s.text(node.Pos(), node.OpPos)+changed+" "+s.text(node.Y.Pos(), node.End()))
	on := fmt.Sprintf(") != fault_.On(%d)", number)
	switch node.Op {
	case token.EQL, token.NEQ:
		s.wrap(node, "((", on+")")
	case token.LAND, token.LOR:
		s.wrap(node, "((", on+")")
		s.wrap(node.X, "(", on)
		s.wrap(node.Y, "(", on)
	default:
		s.wrap(node, fmt.Sprintf("fault_.Compare(%d, ", number), ")")
		s.replace(s.offset(node.OpPos), node.Op.String(), fmt.Sprintf(", %q,", node.Op))
	}
}

// variadicAdd returns T for a call of a method add(changes ...T), and "" for other calls.
func (s *switcher) variadicAdd(call *ast.CallExpr) string {
	called, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || called.Sel.Name != "add" || call.Ellipsis.IsValid() || len(call.Args) == 0 {
		return ""
	}
	method, ok := s.info.Uses[called.Sel].(*types.Func)
	if !ok || !method.Signature().Variadic() || method.Signature().Params().Len() != 1 {
		return ""
	}
	changes := method.Signature().Params().At(0).Type().(*types.Slice)
	return types.TypeString(changes.Elem(), types.RelativeTo(s.pkg))
}

// add numbers one more fault.
func (s *switcher) add(pos token.Pos, was, now string) (number int) {
	at := s.set.Position(pos)
	place := fmt.Sprintf("%s:%d", filepath.ToSlash(at.Filename), at.Line)
	oneLine := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	s.faults = append(s.faults, fault{len(s.faults) + 1, s.folder, place, oneLine(was), oneLine(now)})
	return len(s.faults)
}

func (s *switcher) offset(pos token.Pos) int { return s.set.Position(pos).Offset }

func (s *switcher) text(from, to token.Pos) string {
	return string(s.source[s.offset(from):s.offset(to)])
}

func (s *switcher) wrap(node ast.Node, before, after string) {
	s.open(s.offset(node.Pos()), before)
	s.shut(s.offset(node.End()), after)
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
