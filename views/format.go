package views

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"twostep/auth"
)

// maskPhone shows the last four digits, enough for the owner to recognise the
// number (SM-10).
func maskPhone(number string) string {
	return "•••• " + number[max(0, len(number)-4):]
}

// formatPhone writes an E.164 number in groups (ITU-T E.123), on one line.
func formatPhone(number string) string {
	n, err := phonenumbers.Parse(number, phonenumbers.UNKNOWN_REGION)
	if err != nil {
		return number
	}
	return noBreak(strings.ReplaceAll(phonenumbers.Format(n, phonenumbers.INTERNATIONAL), "-", " "))
}

// noBreak keeps a text on one line.
func noBreak(text string) string { return strings.ReplaceAll(text, " ", "\u00a0") }

// country returns the English name for an ISO 3166 code, or "" if the code
// names no country, as for numbers that are valid worldwide.
func country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() {
		return ""
	}
	return display.English.Regions().Name(region)
}

// duration formats d in its largest unit, rounded up so that waiting that long
// is enough. Only whole years are given in years.
func duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d <= 59*time.Second:
		return count(ceil(d, time.Second), "second")
	case d <= 59*time.Minute:
		return count(ceil(d, time.Minute), "minute")
	case d <= 48*time.Hour:
		return count(ceil(d, time.Hour), "hour")
	case d%(365*day) == 0:
		return count(int(d/(365*day)), "year")
	}
	return count(ceil(d, day), "day")
}

func ceil(d, unit time.Duration) int { return max(1, int((d+unit-1)/unit)) }

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// date and dateTime use UTC, because the server does not know the user's time
// zone.
func date(t time.Time) string     { return t.UTC().Format("2 January 2006") }
func dateTime(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// dayText formats a day of an event or a message, which is in ISO 8601.
func dayText(iso string) string {
	day, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return oneLine(iso)
	}
	return date(day)
}

// ago formats a time of the last 24 hours as the time passed since then, and
// any other as a date.
func ago(now, t time.Time) string {
	switch past := now.Sub(t); {
	case past < -time.Minute: // one of the two clocks was wrong
	case past < time.Minute:
		return "just now"
	case past < time.Hour:
		return count(int(past/time.Minute), "minute") + " ago"
	case past < 24*time.Hour:
		return count(int(past/time.Hour), "hour") + " ago"
	}
	return date(t)
}

// timeOfDay is ago for a time whose date is known.
func timeOfDay(now, t time.Time) string {
	if text := ago(now, t); text != date(t) {
		return text
	}
	return t.UTC().Format("15:04 UTC")
}

// timestamp formats a time by RFC 3339, for programs.
func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// groupsOfFour splits a key so that it is easier to read and type.
func groupsOfFour(key string) string {
	var b strings.Builder
	for i, r := range key {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// useMethod is the button that switches to another method.
func useMethod(m auth.Method) choice {
	if m.Factor == auth.PhoneCode {
		return choice{Action: "use:sms:" + string(m.Phone.ID), Label: "Send a code to " + maskPhone(m.Phone.Number)}
	}
	return choice{Action: "use:totp", Label: "Use your authentication app"}
}

// maskEmail hides an address from users who may not read it, except for its first letter and
// the domain.
func maskEmail(address string) string {
	first, size := utf8.DecodeRuneInString(address)
	at := strings.LastIndexByte(address, '@')
	if at < size {
		return ""
	}
	return string(first) + "•••" + address[at:]
}
