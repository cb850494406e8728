package sample

import (
	"fmt"
	"strings"
	"testing"
)

// TestPrint prints what each function returns. It never fails.
func TestPrint(*testing.T) {
	fmt.Println("equal:", equal(1, 1), equal(1, 2))
	fmt.Println("not equal:", notEqual(1, 1), notEqual(1, 2))
	fmt.Println("less:", less(0, 1), less(1, 1), less(2, 1))
	fmt.Println("at most:", atMost(0), atMost(1), atMost(2))
	fmt.Println("greater:", greater("a", "b"), greater("b", "b"), greater("c", "b"))
	fmt.Println("at least:", atLeast(0), atLeast(1), atLeast(2))
	fmt.Println("both:", table(both))
	fmt.Println("either:", table(either))
	fmt.Println("nested:", nested(1, 2, 3), nested(1, 2, 1), nested(2, 2, 3), nested(1, 2, 2))
	fmt.Println("guarded:", guarded(false, nil), guarded(true, nil))
	fmt.Println("changes:", changes())
	fmt.Println("query:", strings.Join(strings.Fields(query), " "))
	fmt.Println("line:", line())
}

// table returns the results for false and true, with a bracket for each operand that is
// computed.
func table(operator func(a, b func() bool) bool) (all string) {
	for i := range 4 {
		operand := func(value bool) func() bool {
			return func() bool {
				all += "("
				return value
			}
		}
		all += fmt.Sprint(operator(operand(i&2 != 0), operand(i&1 != 0)), " ")
	}
	return all
}

func TestLess(t *testing.T) {
	if less(1, 1) {
		t.Error("1 < 1")
	}
}

func TestFails(t *testing.T) { t.Error("always") }

func TestSkips(t *testing.T) {
	t.Run("part", func(t *testing.T) { t.Skip("no database") })
}
