package views

import "testing"

func TestBrowser(t *testing.T) {
	const webkit = " AppleWebKit/537.36 (KHTML, like Gecko) "
	tests := map[string]string{
		firefox: "Firefox on Windows",
		safari:  "Safari on iPhone",
		chrome:  "Chrome on Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                          "Safari on macOS",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webkit + "Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0":                                            "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 10; K)" + webkit + "Chrome/138.0.0.0 Mobile Safari/537.36":                                                          "Chrome on Android",
		"Mozilla/5.0 (Linux; Android 10; K)" + webkit + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":                                      "Samsung Internet on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/138.0.7204.53 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)" + webkit + "Chrome/138.0.0.0 Safari/537.36":                                                           "Chrome on ChromeOS",
		"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1":                 "Safari on iPad",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8 Pro)" + webkit + "Chrome/138.0.0.0 Mobile Safari/537.36":                                                "Chrome on Pixel 8 Pro",
		"Mozilla/5.0 (Linux; Android 13; SM-S918B)" + webkit + "Chrome/138.0.0.0 Mobile Safari/537.36":                                                   "Chrome on Samsung Galaxy",
		"Mozilla/5.0 (Linux; Android 13; Call 1 900 555 0100)" + webkit + "Chrome/138.0.0.0 Mobile Safari/537.36":                                        "Chrome on Android",
		"Expo/1017699 CFNetwork/1494.0.7 Darwin/23.4.0":                                                                                                  "App on iOS or macOS",
		"Acme/1.2 (org.acme.app; build:7; iOS 17.4.1) Alamofire/5.9.0":                                                                                   "App on iOS",
		"okhttp/4.12.0": "App on Android",
		"Dalvik/2.1.0 (Linux; U; Android 14; Pixel 7a Build/UQ1A)": "App on Pixel 7a",
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

func TestDeviceIcon(t *testing.T) {
	for userAgent, want := range map[string]icon{
		firefox: iconComputer, chrome: iconComputer, safari: iconPhone, "okhttp/4.12.0": iconPhone, "": iconComputer,
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36": iconPhone,
	} {
		if deviceIcon(userAgent) != want {
			t.Errorf("%q has the wrong icon", userAgent)
		}
	}
}
