package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// A row is one line of the table: a figure of each column and, where there is
// something to reach, what that is and whether it is.
type row struct {
	name  string
	cell  func(figures) string
	goal  string
	meets func(figures) bool
}

// rows is the table. What a crowd changes is seen against the fewest people.
func rows(fewest figures) []row {
	return []row{
		raw("static file as large as the page", func(f figures) cost { return f.static }),
		raw("signed-in page", func(f figures) cost { return f.page }),
		ratio("  its rate : that of the file", func(f figures) float64 { return f.page.rate() / f.static.rate() }, ">=", 0.5),
		ratio("  its rate : that with the fewest people", func(f figures) float64 { return f.page.rate() / fewest.page.rate() }, ">=", 0.8),
		ratio("  its CPU : that with the fewest people", func(f figures) float64 { return over(f.page, fewest.page) }, "<=", 1.25),
		ratio("  its CPU : that of the file", func(f figures) float64 { return over(f.page, f.static) }, "<=", 2),
		raw("sign-in page", func(f figures) cost { return f.signInPage }),
		raw("bare argon2id hash", func(f figures) cost { return f.hash }),
		raw("sign-in by password", func(f figures) cost { return f.signIn }),
		ratio("  its CPU : that of the hash", func(f figures) float64 { return over(f.signIn, f.hash) }, "<=", 1.1),
		raw("second step with TOTP", func(f figures) cost { return f.second }),
		number("  in a second", "%.0f", func(f figures) float64 { return f.second.rate() }, ">=", 1000),
		number("memory at rest, MB", "%.0f", func(f figures) float64 { return f.rest }, "<=", 40),
		number("memory while 1,000 sign in at once, MB", "%.0f", func(f figures) float64 { return f.most }, "<=", 150),
		{"  of them signed in, told to come back", func(f figures) string { return fmt.Sprintf("%d, %d", f.served, f.busy) }, "", nil},
		number("start to first answer, ms", "%.0f", func(f figures) float64 { return f.first.Seconds() * 1000 }, "<=", 150),
	}
}

func raw(name string, of func(figures) cost) row {
	return row{name, func(f figures) string {
		c := of(f)
		return fmt.Sprintf("%.0f/s, %.*f ms CPU", c.rate(), max(0, 3-len(fmt.Sprint(c.each().Milliseconds()))), c.each().Seconds()*1000)
	}, "", nil}
}

func ratio(name string, of func(figures) float64, sign string, goal float64) row {
	return number(name, "%.2f", of, sign, goal)
}

func number(name, format string, of func(figures) float64, sign string, goal float64) row {
	return row{
		name, func(f figures) string { return fmt.Sprintf(format, of(f)) }, sign + " " + fmt.Sprintf(format, goal),
		func(f figures) bool { return sign == ">=" && of(f) >= goal || sign == "<=" && of(f) <= goal },
	}
}

// over is the processor time of one answer by that of another.
func over(a, b cost) float64 { return a.each().Seconds() / b.each().Seconds() }

// tabled writes the columns out. A figure that misses its goal has a sign.
func tabled(kind string, columns []figures) string {
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	line := func(cells ...string) { fmt.Fprintln(table, strings.TrimRight(strings.Join(cells, "\t"), "\t")) }
	head := []string{kind}
	for _, f := range columns {
		head = append(head, fmt.Sprint(f.people, " people"))
	}
	line(append(head, "reach")...)
	for _, row := range rows(columns[0]) {
		cells := []string{row.name}
		for _, f := range columns {
			cell := row.cell(f)
			if row.meets != nil && !row.meets(f) {
				cell += " MISSED"
			}
			cells = append(cells, cell)
		}
		line(append(cells, row.goal)...)
	}
	_ = table.Flush() // into memory
	fmt.Fprintf(&text, "The page and the file have %d bytes.\n", columns[0].bytes)
	return text.String()
}

// heading says what was measured, and on what.
func heading() string {
	model := "a processor without a name"
	if about, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if found := regexp.MustCompile(`model name\s*: (.+)`).FindSubmatch(about); found != nil {
			model = string(found[1])
		}
	}
	busy, _ := os.ReadFile("/proc/loadavg") // else it says nothing
	return fmt.Sprintf(`%s, %d processors of %s, %s
%d connections, all from this machine. CPU is the server's alone, per answer; of PostgreSQL's it is not in it.
Others on this machine: load average %.15s before the start.
The page is /account/manage-mfa of an account with an app and backup codes, with a line in the log for each; files have none.
`, time.Now().UTC().Format(time.DateOnly), runtime.GOMAXPROCS(0), model, runtime.Version(), connections, busy)
}
