package views

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"twostep/auth"
)

// Mask shows as much of a phone number as its owner needs to know it by (SM-10).
func maskPhone(number string) string {
	if len(number) > 4 {
		number = number[len(number)-4:]
	}
	return "•••• " + number
}

// country is the name of a country by its ISO 3166 code; empty where the code
// is of none, as that of numbers for the whole world.
func country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() {
		return ""
	}
	return display.English.Regions().Name(region)
}

// span says a length of time in its largest unit, rounded up: who waits that
// long has waited long enough.
func span(d time.Duration) string {
	switch {
	case d <= 59*time.Second:
		return count(ceil(d, time.Second), "second")
	case d <= 59*time.Minute:
		return count(ceil(d, time.Minute), "minute")
	case d <= 48*time.Hour:
		return count(ceil(d, time.Hour), "hour")
	}
	return count(ceil(d, 24*time.Hour), "day")
}

func ceil(d, unit time.Duration) int { return max(1, int((d+unit-1)/unit)) }

// count says a number of things.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}

// day, clock and moment say a time for people; in UTC, because the server does
// not know where they are.
func day(t time.Time) string    { return t.UTC().Format("2 January 2006") }
func clock(t time.Time) string  { return t.UTC().Format("15:04 UTC") }
func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// ago says how long ago something was, within a day; else when.
func ago(now, t time.Time) string {
	switch past := now.Sub(t); {
	case past < -time.Minute: // a clock was wrong, then or now
	case past < time.Minute:
		return "just now"
	case past < time.Hour:
		return count(int(past/time.Minute), "minute") + " ago"
	case past < 24*time.Hour:
		return count(int(past/time.Hour), "hour") + " ago"
	}
	return moment(t)
}

// exactly says a time for the datetime attribute.
func exactly(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// groups writes a key in groups of four, as people read it out.
func groups(key string) string {
	var b strings.Builder
	for i, sign := range key {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(sign)
	}
	return b.String()
}

// useLabel and useAction name the button that turns to another method.
func useLabel(m auth.Method) string {
	if m.Kind == auth.PhoneCode {
		return "Send a code to " + maskPhone(m.Phone.Number)
	}
	return "Use your authentication app"
}

func useAction(m auth.Method) string {
	if m.Kind == auth.PhoneCode {
		return "use:sms:" + string(m.Phone.ID)
	}
	return "use:totp"
}
