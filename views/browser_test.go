package views

import "testing"

func TestBrowser(t *testing.T) {
	const webkit = " AppleWebKit/537.36 (KHTML, like Gecko) "
	tests := map[string]string{
		firefox: "Firefox on Windows",
		safari:  "Safari on iOS",
		chrome:  "Chrome on Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                          "Safari on macOS",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webkit + "Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0":                                            "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 10; K)" + webkit + "Chrome/138.0.0.0 Mobile Safari/537.36":                                                          "Chrome on Android",
		"Mozilla/5.0 (Linux; Android 10; K)" + webkit + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":                                      "Samsung Internet on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/138.0.7204.53 Mobile/15E148 Safari/604.1": "Chrome on iOS",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)" + webkit + "Chrome/138.0.0.0 Safari/537.36":                                                           "Chrome on ChromeOS",
		"":                              "Unknown browser",
		"curl/8.14.1":                   "Unknown browser",
		"Call +1 900 555 0100/1.0 <b>":  "Unknown browser",
		"Mozilla/5.0 (Windows NT 10.0)": "Unknown browser on Windows",
		"\xff\xfe((((;;;;/////))))\x00": "Unknown browser",
	}
	for userAgent, want := range tests {
		if got := browser(userAgent); got != want {
			t.Errorf("%q is %q, want %q", userAgent, got, want)
		}
	}
}
