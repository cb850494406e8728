package cmd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSecrets_ConstantTime checks that no secret is compared with == or !=, whose
// duration reveals how much of it was right (ST-07).
func TestSecrets_ConstantTime(t *testing.T) {
	secret := regexp.MustCompile(`(?i)(code|hash|mac|tag|token|secret|password|signature|answer|response|digest|sum)$`)
	// Names of factors are not secret, nor is whether a secret is set.
	public := []string{"Password", "EmailCode", "PhoneCode", "TOTPCode", "BackupCode", "StepPassword", "StepNewPassword", "ResetPassword", `""`, "nil"}
	read := 0
	for _, folder := range []string{"auth", "db", "handlers"} {
		err := filepath.WalkDir(filepath.Join("..", folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			read++
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(node ast.Node) bool {
				binary, ok := node.(*ast.BinaryExpr)
				if !ok || binary.Op != token.EQL && binary.Op != token.NEQ {
					return true
				}
				x, y := lastName(binary.X), lastName(binary.Y)
				if (secret.MatchString(x) || secret.MatchString(y)) && !slices.Contains(public, x) && !slices.Contains(public, y) {
					t.Errorf("%s: %s and %s are compared with %s", set.Position(node.Pos()), x, y, binary.Op)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read < 50 {
		t.Errorf("only %d files were read", read)
	}
}

// lastName returns the name of an operand: of a call, the function's; of an
// index, the variable's.
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
	return ""
}
