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

// A row is one line of the table, with a goal if there is one.
type row struct {
	label string
	cell  func(results) string
	goal  string
	meets func(results) bool
}

// rows returns the table. smallest is the column with the fewest accounts.
func rows(smallest results) []row {
	return []row{
		costs("static file of the page's size", func(r results) cost { return r.static }),
		costs("signed-in page", func(r results) cost { return r.page }),
		number("  pages per second, ratio to the static file", "%.2f", func(r results) float64 { return r.page.perSecond() / r.static.perSecond() }, ">=", 0.5),
		number("  pages per second, ratio to the smallest database", "%.2f", func(r results) float64 { return r.page.perSecond() / smallest.page.perSecond() }, ">=", 0.8),
		number("  CPU time, ratio to the smallest database", "%.2f", func(r results) float64 { return cpuRatio(r.page, smallest.page) }, "<=", 1.25),
		number("  CPU time, ratio to the static file", "%.2f", func(r results) float64 { return cpuRatio(r.page, r.static) }, "<=", 2),
		costs("check of a request to an app", func(r results) cost { return r.check }),
		number("  checks per second, ratio to the signed-in page", "%.2f", func(r results) float64 { return r.check.perSecond() / r.page.perSecond() }, ">=", 1),
		number("  checks per second, ratio to the smallest database", "%.2f", func(r results) float64 { return r.check.perSecond() / smallest.check.perSecond() }, ">=", 0.8),
		costs("app behind nginx that asks", func(r results) cost { return r.nginxAsking }),
		{"  requests per second, ratio to nginx that does not", func(r results) string {
			return fmt.Sprintf("%.2f", r.nginxAsking.perSecond()/r.nginxPlain.perSecond())
		}, "", nil},
		costs("sign-in page", func(r results) cost { return r.signInPage }),
		costs("bare argon2id hash", func(r results) cost { return r.hash }),
		costs("sign-in by password", func(r results) cost { return r.signIn }),
		number("  CPU time, ratio to one bare argon2id hash", "%.2f", func(r results) float64 { return cpuRatio(r.signIn, r.hash) }, "<=", 1.1),
		costs("second factor by TOTP", func(r results) cost { return r.secondFactor }),
		number("  sign-ins per second", "%.0f", func(r results) float64 { return r.secondFactor.perSecond() }, ">=", 1000),
		costs("exchange of a code for tokens (ES256)", func(r results) cost { return r.exchange }),
		number("  exchanges per second", "%.0f", func(r results) float64 { return r.exchange.perSecond() }, ">=", 1000),
		costs("userinfo (RS256)", func(r results) cost { return r.userInfo }),
		number("  responses per second, ratio to the signed-in page", "%.2f", func(r results) float64 { return r.userInfo.perSecond() / r.appPage.perSecond() }, ">=", 1),
		costs("authorization of a signed-in user", func(r results) cost { return r.authorize }),
		number("  CPU time, ratio to the signed-in page", "%.2f", func(r results) float64 { return cpuRatio(r.authorize, r.appPage) }, "<=", 2),
		costs("sign-in by passkey", func(r results) cost { return r.passkey }),
		number("  CPU time, ms", "%.2f", func(r results) float64 { return r.passkey.cpuEach().Seconds() * 1000 }, "<=", 2),
		number("memory when idle, MB", "%.0f", func(r results) float64 { return r.memoryIdle }, "<=", 40),
		number("memory during 1,000 concurrent sign-ins, MB", "%.0f", func(r results) float64 { return r.memoryMax }, "<=", 150),
		{"  of which accepted, rejected as busy", func(r results) string { return fmt.Sprintf("%d, %d", r.served, r.busy) }, "", nil},
		number("time from start to first response, ms", "%.0f", func(r results) float64 { return r.startup.Seconds() * 1000 }, "<=", 150),
	}
}

func costs(label string, of func(results) cost) row {
	return row{label, func(r results) string {
		c := of(r)
		return fmt.Sprintf("%.0f per second, %.*f ms CPU", c.perSecond(), max(0, 3-len(fmt.Sprint(c.cpuEach().Milliseconds()))), c.cpuEach().Seconds()*1000)
	}, "", nil}
}

func number(label, format string, of func(results) float64, comparison string, goal float64) row {
	return row{
		label, func(r results) string { return fmt.Sprintf(format, of(r)) }, comparison + " " + fmt.Sprintf(format, goal),
		func(r results) bool {
			return comparison == ">=" && of(r) >= goal || comparison == "<=" && of(r) <= goal
		},
	}
}

// cpuRatio compares the CPU time per response.
func cpuRatio(a, b cost) float64 { return a.cpuEach().Seconds() / b.cpuEach().Seconds() }

// formatTable marks results that miss their goal.
func formatTable(database string, columns []results) string {
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	line := func(cells ...string) { fmt.Fprintln(table, strings.TrimRight(strings.Join(cells, "\t"), "\t")) }
	head := []string{database}
	for _, r := range columns {
		head = append(head, fmt.Sprint(r.people, " accounts"))
	}
	line(append(head, "goal")...)
	for _, row := range rows(columns[0]) {
		cells := []string{row.label}
		for _, r := range columns {
			cell := row.cell(r)
			if row.meets != nil && !row.meets(r) {
				cell += " MISSED"
			}
			cells = append(cells, cell)
		}
		line(append(cells, row.goal)...)
	}
	_ = table.Flush() // a bytes.Buffer does not fail
	fmt.Fprintf(&text, "The page and the file have %d bytes.\n", columns[0].pageBytes)
	return text.String()
}

// header describes the machine and the conditions.
func header() string {
	model := "unknown model"
	if cpuinfo, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if match := regexp.MustCompile(`model name\s*: (.+)`).FindSubmatch(cpuinfo); match != nil {
			model = string(match[1])
		}
	}
	load, _ := os.ReadFile("/proc/loadavg") // empty if unavailable
	return fmt.Sprintf(`%s, %d CPUs, %s, %s
%d connections from the same machine. CPU time is that of the server per response, without PostgreSQL.
Load average before the start: %.15s
The page is /account/manage-mfa of an account with an authenticator app and backup codes. Pages write a log line; the static file does not.
`, time.Now().UTC().Format(time.DateOnly), runtime.GOMAXPROCS(0), model, runtime.Version(), connections, load)
}
