package cmd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSecrets_ConstantTime: where answers are judged no secret is compared by ==,
// which tells by its time how much of it was right (ST-07).
func TestSecrets_ConstantTime(t *testing.T) {
	secret := regexp.MustCompile(`(?i)(code|hash|mac|tag|token|secret|password|signature|handle|answer|digest|sum)$`)
	// Names of factors are no secrets, and neither is whether there is one.
	harmless := []string{"Password", "EmailCode", "PhoneCode", "TOTPCode", "BackupCode", "StepPassword", `""`, "nil"}
	read := 0
	for _, room := range []string{"auth", "db", "handlers"} {
		files, err := filepath.Glob(filepath.Join("..", room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			read++
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(node ast.Node) bool {
				compared, is := node.(*ast.BinaryExpr)
				if !is || compared.Op != token.EQL && compared.Op != token.NEQ {
					return true
				}
				one, other := lastName(compared.X), lastName(compared.Y)
				if (secret.MatchString(one) || secret.MatchString(other)) && !slices.Contains(harmless, one) && !slices.Contains(harmless, other) {
					t.Errorf("%s: %s is compared with %s by %s", set.Position(node.Pos()), one, other, compared.Op)
				}
				return true
			})
		}
	}
	if read < 50 {
		t.Errorf("only %d files", read)
	}
}

// lastName is what an operand is called; a call or an index is called after
// what is called or indexed.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.BasicLit:
		return e.Value
	case *ast.CallExpr:
		return lastName(e.Fun)
	case *ast.IndexExpr:
		return lastName(e.X)
	}
	return "something"
}
