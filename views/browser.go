package views

import "github.com/mileusna/useragent"

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

// browser describes a User-Agent header, like "Firefox on Windows".
func browser(userAgent string) string {
	parsed := useragent.Parse(userAgent)
	text, ok := browsers[parsed.Name]
	if !ok {
		text = "Unknown browser"
	}
	if system, ok := systems[parsed.OS]; ok {
		text += " on " + system
	}
	return text
}

// deviceIcon draws a phone or a computer.
func deviceIcon(userAgent string) icon {
	if parsed := useragent.Parse(userAgent); parsed.Mobile || parsed.Tablet {
		return iconPhone
	}
	return iconComputer
}
