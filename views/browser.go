package views

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/mileusna/useragent"
)

// browsers and systems map the parser's names to those shown. A User-Agent
// header is under the client's control, so a name that is not listed is never
// repeated: it could carry a message into a mail or the activity page.
var (
	browsers = map[string]string{
		useragent.Chrome:           "Chrome",
		useragent.HeadlessChrome:   "Headless Chrome",
		useragent.Edge:             "Edge",
		useragent.Firefox:          "Firefox",
		useragent.InternetExplorer: "Internet Explorer",
		useragent.Opera:            "Opera",
		useragent.OperaMini:        "Opera Mini",
		useragent.OperaTouch:       "Opera Touch",
		useragent.Safari:           "Safari",
		useragent.SamsungBrowser:   "Samsung Internet",
		useragent.Vivaldi:          "Vivaldi",
	}
	systems = map[string]string{
		useragent.Android:  "Android",
		useragent.ChromeOS: "ChromeOS",
		useragent.FreeBSD:  "FreeBSD",
		useragent.IOS:      "iOS",
		useragent.Linux:    "Linux",
		useragent.MacOS:    "macOS",
		useragent.Windows:  "Windows",
	}
)

// models match the names of phones that a header may have in parentheses. A free text could be a
// message of an attacker, who knows the password and has this page or a mail shown to the user.
var models = []struct {
	pattern *regexp.Regexp
	name    string // empty for what the pattern matches
}{
	{regexp.MustCompile(`\bPixel \d{1,2}a?( Pro)?( XL| Fold)?\b`), ""},
	{regexp.MustCompile(`\bSM-[A-Z]\d{3,4}[A-Z]?\b`), "Samsung Galaxy"},
	{regexp.MustCompile(`\biPhone\b`), ""},
	{regexp.MustCompile(`\biPad\b`), ""},
}

// apps match the HTTP libraries of phones' apps, and say which phones these are for.
var apps = []struct{ library, system string }{
	{"CFNetwork/", "iOS or macOS"},
	{"Alamofire/", "iOS"},
	{"okhttp/", "Android"},
	{"Dalvik/", "Android"},
}

// browser describes a User-Agent header, like "Firefox on Windows", "Safari on iPhone" or "App on
// Android".
func browser(userAgent string) string {
	name, device := parseUserAgent(userAgent)
	if device == "" {
		return name
	}
	return name + " on " + device
}

func parseUserAgent(userAgent string) (name, device string) {
	parsed := useragent.Parse(userAgent)
	name, ok := browsers[parsed.Name]
	if !ok {
		name = "Unknown browser"
	}
	device = systems[parsed.OS]
	for _, app := range apps {
		if strings.Contains(userAgent, app.library) {
			name, device = "App", app.system
			break
		}
	}
	for _, m := range models {
		if found := m.pattern.FindString(userAgent); found != "" {
			return name, cmp.Or(m.name, found)
		}
	}
	return name, device
}

// deviceIcon draws a phone or a computer.
func deviceIcon(userAgent string) icon {
	switch _, device := parseUserAgent(userAgent); device {
	case "", "ChromeOS", "FreeBSD", "Linux", "macOS", "Windows":
		return iconComputer
	}
	return iconPhone
}
