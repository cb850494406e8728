package views

import (
	"fmt"
	"time"

	"twostep/auth"
)

// OverviewPage is the first page of the administration.
type OverviewPage struct {
	Page
	Days      []auth.DayCounts // from the first, as they were counted
	Version   string           // of the program
	Waiting   int              // messages in the outbox
	Failing   int              // of them, those that could not be sent yet
	Down      auth.NotReady    // empty if the site is ready
	Approvals []auth.Approval  // that wait; only for admins
}

const (
	overviewDays  = 30 // of the charts of events
	overviewWeeks = 26 // of the chart of factors
)

// OverviewDays is how many days the overview shows.
const OverviewDays = overviewWeeks * 7

func (p OverviewPage) state() string {
	if p.Down != "" {
		return "Not ready: " + string(p.Down)
	}
	return "Ready"
}

// latest returns what was counted last; zero if nothing was.
func (p OverviewPage) latest() auth.DayCounts {
	if len(p.Days) == 0 {
		return auth.DayCounts{}
	}
	return p.Days[len(p.Days)-1]
}

// now returns a counter as it was counted last.
func (p OverviewPage) now(c auth.Counter) int { return p.latest().Counts[c] }

// share returns how many of all accounts that is.
func (p OverviewPage) share(n int) string {
	all := p.now(auth.CountAccounts)
	if all == 0 {
		return "0"
	}
	return fmt.Sprintf("%s (%d %%)", thousands(n), (n*100+all/2)/all)
}

// A bar is a value of a chart.
type bar struct {
	Label string
	Value int
	Text  string // of the value
}

// daily returns a bar for each of the last days.
func (p OverviewPage) daily(c auth.Counter) (bars []bar) {
	counts := map[time.Time]int{}
	for _, day := range p.Days {
		counts[day.Day] = day.Counts[c]
	}
	today := p.Now.UTC().Truncate(24 * time.Hour)
	for i := overviewDays - 1; i >= 0; i-- {
		day := today.AddDate(0, 0, -i)
		bars = append(bars, bar{day.Format("2 January"), counts[day], thousands(counts[day])})
	}
	return bars
}

// weekly returns a bar for the share of accounts with a second factor in each of the last
// weeks, as it was on the last day of the week that was counted.
func (p OverviewPage) weekly() (bars []bar) {
	today := p.Now.UTC().Truncate(24 * time.Hour)
	for i := overviewWeeks - 1; i >= 0; i-- {
		end := today.AddDate(0, 0, -7*i)
		b := bar{Label: end.Format("2 January"), Text: "not counted"}
		for _, day := range p.Days {
			if all := day.Counts[auth.CountAccounts]; all > 0 && day.Day.After(end.AddDate(0, 0, -7)) && !day.Day.After(end) {
				b.Value = (all - day.Counts[auth.CountNoMFA]) * 100 / all
				b.Text = fmt.Sprintf("%d %%", b.Value)
			}
		}
		bars = append(bars, b)
	}
	return bars
}

// chartHeight is the height of the highest bar.
const chartHeight = 100

// heights returns the heights of bars. The highest one, or a value of full, fills the
// chart; one that is not zero can be seen.
func heights(bars []bar, full int) (all []int) {
	highest := full
	for _, b := range bars {
		highest = max(highest, b.Value)
	}
	for _, b := range bars {
		h := b.Value * chartHeight / highest
		if b.Value > 0 {
			h = max(h, 2)
		}
		all = append(all, h)
	}
	return all
}

// nothingYet is the description of a chart without a value, which is not drawn.
const nothingYet = "Nothing yet"

// chartText describes a chart in a sentence.
func chartText(bars []bar) string {
	highest := bar{Text: "0"}
	for _, b := range bars {
		if b.Value > highest.Value {
			highest = b
		}
	}
	last := bars[len(bars)-1]
	if highest.Value == 0 {
		return nothingYet
	}
	return fmt.Sprintf("%s on %s, at most %s on %s", last.Text, last.Label, highest.Text, highest.Label)
}

// thousands writes a number with spaces between thousands.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}
