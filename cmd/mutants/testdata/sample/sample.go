// Package sample has faults of every kind.
package sample

import "runtime"

type change string

type changeSet []change

func (s *changeSet) add(changes ...change) { *s = append(*s, changes...) }

type pairs []string

func (p *pairs) add(name, value string) { *p = append(*p, name+value) }

const active = `ended_at IS NULL
	AND expires_at > COALESCE((SELECT max(at) FROM u), $3)`

const query = `SELECT 1
	FROM t
	WHERE id = $1
		AND user_id = $%d
		AND name IS NOT DISTINCT FROM $4 AND ` + active

func equal(a, b int) bool      { return a == b }
func notEqual(a, b int) bool   { return a != b }
func less(a, b int) bool       { return a < b }
func atMost(a int8) bool       { return a <= 1 }
func greater(a, b string) bool { return a > b }
func atLeast(a float64) bool   { return a >= 1 }

func both(a, b func() bool) bool   { return a() && b() }
func either(a, b func() bool) bool { return a() || b() }

func nested(a, b, c int) bool { return a <
	b && (b < c || a == c) }

func guarded(stop bool, err error) (done string) {
	if err != nil {
		return "error"
	}
	if stop {
		return "stopped"
	}
	return "done"
}

func changes() (s changeSet) {
	s.add("first", "second")
	s.add([]change{"third"}...)
	var p pairs
	p.add("name", "value")
	return s
}

func line() int {
	_, _, line, _ := runtime.Caller(0)
	return line
}

func unreached() bool { return line() < 3 }
