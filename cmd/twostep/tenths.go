package main

import (
	"fmt"
	"io"
)

// inTenths says how far a long work is, after each tenth of it.
func inTenths(out io.Writer, what string) func(done, all int) {
	said := 0
	return func(done, all int) {
		if now := min(10*done/max(all, 1), 10); now > said {
			said = now
			fmt.Fprintf(out, "%s: %d0 %% of %d\n", what, said, all)
		}
	}
}
