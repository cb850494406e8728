package views

import "github.com/mileusna/useragent"

// browsers and systems are those that are told apart, by the name that the
// parser gives them. What a client says of itself is a claim, and free text in
// a mail or in a history would be a place to write into: a name that is not on
// these lists is not repeated.
var (
	browsers = map[string]string{
		useragent.Chrome:           "Chrome",
		useragent.HeadlessChrome:   "Chrome without a window",
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

// browser says a browser's own name for itself in words, like "Firefox on Windows".
func browser(claim string) string {
	parsed := useragent.Parse(claim)
	text, known := browsers[parsed.Name]
	if !known {
		text = "Unknown browser"
	}
	if system, known := systems[parsed.OS]; known {
		text += " on " + system
	}
	return text
}
