package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
	"github.com/pquerna/otp/totp"
)

// TestBrowser runs through the site of the real binary in Chromium with scripts
// disabled (HT-07): on a desktop with only the keyboard (AX-07), and on a phone by
// tapping. Forms work under the policies that the program sends (CS-07).
func TestBrowser(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	folder := t.TempDir()
	site := start(t, folder, "--mail=file:mail", "--sms=file:sms")
	t.Run("journeys", func(t *testing.T) {
		for _, p := range []browserUser{
			{name: "desktop", email: "ann@example.org", number: "+14155552671", width: 1280, height: 800},
			{name: "phone", email: "bob@example.org", number: "+14155552672", width: 390, height: 844, taps: true},
		} {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				p.t, p.folder, p.origin, p.codesRead = t, folder, site.origin, map[string]int{}
				p.openWindow(chromium)
				p.journey()
			})
		}
	})
	if code, output := site.stop(t, syscall.SIGTERM); code != 0 || strings.Contains(output, "ERROR") {
		t.Errorf("exit code %d: %s", code, output)
	}
}

// journey uses every feature of an account, from sign-up to deletion.
func (p *browserUser) journey() {
	password := "seven purple turtles"
	p.open("/").sees("Sign in").follow("Sign up").sees("Sign up")
	p.fill("Email address", p.email).fill("Password", "short").press("Continue").sees("Sign up").reads("Password must be")
	p.fill("Password", password).press("Continue").sees("Verify your email")
	p.fill("Code", p.code("mail", p.email)).press("Verify").sees("Account")

	p.follow("Manage MFA").sees("User MFA Settings").reads("There are currently no phone numbers reserved for MFA.")
	p.follow("Add").sees("Add TOTP MFA")
	key := strings.ReplaceAll(p.text(".key code"), " ", "")
	p.follow("Use URI instead").reads("otpauth://totp/").follow("Use QR Code instead")
	p.press("Verify").sees("Verify TOTP")
	p.fill("Enter the code from your authentication app", "000000").press("Verify code").sees("Verify TOTP").reads("incorrect")
	app := appCodes{key: key, next: time.Now()}
	p.fill("Enter the code from your authentication app", app.code(p.t)).press("Verify code").sees("Backup codes")
	codes := strings.Fields(p.text(".codes"))
	p.press("Finish").sees("Success!").follow("Manage MFA").sees("User MFA Settings").reads("TOTP via authentication app enabled")

	p.follow("Add a new phone number").sees("Add phone")
	p.fill("Enter phone number", p.number).press("Continue").sees("Verify phone").reads("(United States)")
	p.fill("Enter code", p.code("sms", p.number)).press("Verify").sees("Phone added")
	p.press("Use for MFA").sees("User MFA Settings").reads("(Default)")

	firstStep := func() {
		p.press("Sign out").sees("Sign in")
		p.fill("Email address", p.email).fill("Password", password).press("Continue").sees("Verify your account").reads("Signing in as " + p.email)
	}
	firstStep()
	p.fill("Code", app.code(p.t)).press("Verify").sees("Account")

	firstStep()
	p.press("Send a code to •••• " + p.number[len(p.number)-4:]).reads("We sent a 6-digit code")
	p.press("Send a new code").reads("This page will refresh automatically.") // the last SMS was less than half a minute ago
	p.waitForPage(45 * time.Second)
	p.sees("Verify your account").press("Send a new code")
	p.fill("Code", p.code("sms", p.number)).press("Verify").sees("Account")

	firstStep()
	p.tick("This code is a backup code").fill("Code", strings.ToUpper(codes[3])).press("Verify").sees("Account")

	p.press("Sign out").sees("Sign in")
	p.follow("Forgot password?").sees("Reset your password").fill("Email address", p.email).press("Continue").sees("Check your email")
	p.fill("Code", p.code("mail", p.email)).press("Verify").sees("Set a new password")
	password = "nine orange herons by the lake"
	p.fill("New password", password).press("Set password").sees("Sign in").reads("Password changed. Sign in with your new password.")
	p.fill("Email address", p.email).fill("Password", password).press("Continue").sees("Verify your account") // a reset keeps the second factor
	p.fill("Code", codes[4]).press("Verify").sees("Account")

	p.follow("Manage MFA").sees("User MFA Settings").reads("You have 8 backup codes left.")
	p.follow("Remove").sees("Remove two-step verification").press("Remove").sees("User MFA Settings").reads("Add TOTP via authentication app")
	p.follow("Remove from account").sees("Remove phone number").press("Remove from account").sees("User MFA Settings")
	p.reads("There are currently no phone numbers reserved for MFA.").follow("Account").sees("Account")

	p.follow("Password").sees("Password").fill("Current password", password).fill("New password", "eleven quiet foxes in the snow")
	p.press("Change password").reads("Password changed").open("/account").sees("Account")
	p.follow("Active devices").sees("Active devices").reads("This device").follow("Account").sees("Account")
	p.follow("Activity").sees("Activity").reads("Password changed").follow("Account").sees("Account")
	p.follow("Delete account").sees("Delete account").fill("Type your email address to confirm", p.email)
	p.press("Delete account").sees("Sign in").reads("Account deleted")
}

// appCodes generates the codes of an authenticator app. Each code works once, and
// only newer ones after it, so each call uses the next time step.
type appCodes struct {
	key  string
	next time.Time
}

func (a *appCodes) code(t *testing.T) string {
	t.Helper()
	code, err := totp.GenerateCode(a.key, a.next)
	if err != nil {
		t.Fatal(err)
	}
	a.next = a.next.Add(30 * time.Second)
	return code
}

// startChromium starts the browser. Without Chromium it skips the test, or fails it
// if CI=true.
func startChromium(t *testing.T) *rod.Browser {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") == "true" {
		missing = t.Fatalf
	}
	program, err := exec.LookPath("chromium")
	if err != nil {
		missing("NOT CHECKED: there is no chromium; run .ci/browsers")
	}
	begin := launcher.New().Bin(program).Leakless(false).NoSandbox(os.Getuid() == 0).Set("disable-dev-shm-usage")
	address, err := begin.Launch()
	if err != nil {
		missing("NOT CHECKED: chromium does not start: %v", err)
	}
	browser := rod.New().ControlURL(address)
	if err := browser.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = browser.Close()
		begin.Kill()
		begin.Cleanup()
	})
	return browser
}

// A browserUser uses a browser window. It finds fields by their labels, and buttons
// and links by their names.
type browserUser struct {
	name, email, number string
	width, height       int
	taps                bool // instead of using the keyboard
	scripts             bool // are enabled

	t              *testing.T
	folder, origin string
	page           *rod.Page
	codesRead      map[string]int // number of codes read, by recipient
}

func (p *browserUser) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// openWindow opens a window without cookies and, unless the user wants scripts, with them
// disabled.
func (p *browserUser) openWindow(browser *rod.Browser) {
	p.t.Helper()
	window, err := browser.Incognito()
	p.check(err)
	p.page, err = window.Timeout(5 * time.Minute).Page(proto.TargetCreateTarget{})
	p.check(err)
	p.check(p.page.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: p.width, Height: p.height, DeviceScaleFactor: 1, Mobile: p.taps}))
	p.check(proto.EmulationSetTouchEmulationEnabled{Enabled: p.taps}.Call(p.page))
	if !p.scripts {
		p.disableScripts()
	}
	go p.page.EachEvent(func(e *proto.LogEntryAdded) {
		if e.Entry.Source == proto.LogLogEntrySourceSecurity || e.Entry.Source == proto.LogLogEntrySourceDeprecation {
			p.t.Errorf("the browser reports: %s", e.Entry.Text)
		}
	})()
}

func (p *browserUser) disableScripts() {
	p.t.Helper()
	p.check(proto.EmulationSetScriptExecutionDisabled{Value: true}.Call(p.page))
	p.check(p.page.Navigate(`data:text/html,<title>off</title><script>document.title="on"</script>`))
	p.loaded()
	if p.eval(`() => document.title`) != "off" {
		p.t.Fatal("scripts are enabled")
	}
}

// eval evaluates a function in the page, which DevTools can do with scripts disabled.
func (p *browserUser) eval(function string, args ...any) string {
	p.t.Helper()
	got, err := p.page.Eval(function, args...)
	p.check(err)
	return got.Value.Str()
}

func (p *browserUser) open(path string) *browserUser {
	p.t.Helper()
	p.check(p.page.Navigate(p.origin + path))
	return p.loaded()
}

// loaded waits until the page is loaded. It polls, because no event can be observed
// with scripts disabled.
func (p *browserUser) loaded() *browserUser {
	p.t.Helper()
	p.waitUntil("the page is loaded", time.Minute, `() => document.readyState === "complete" ? "yes" : ""`)
	return p
}

func (p *browserUser) text(selector string) string {
	p.t.Helper()
	return strings.Join(strings.Fields(p.eval(`s => document.querySelector(s)?.innerText ?? ""`, selector)), " ")
}

// sees checks the heading, and that nothing is wider than the screen.
func (p *browserUser) sees(h1 string) *browserUser {
	p.t.Helper()
	if got := p.text("h1"); got != h1 {
		p.t.Fatalf("sees %q, want %q:\n%s", got, h1, p.text("main"))
	}
	if wide := p.eval(`() => document.documentElement.scrollWidth > innerWidth ? "wide" : ""`); wide != "" {
		p.t.Errorf("%s is wider than the screen", h1)
	}
	return p
}

func (p *browserUser) reads(want string) *browserUser {
	p.t.Helper()
	if text := p.text("main"); !strings.Contains(text, want) {
		p.t.Fatalf("does not say %q:\n%s", want, text)
	}
	return p
}

// focus moves the focus to an element with the Tab key, or taps it, which hits
// whatever is on top of it.
func (p *browserUser) focus(xpath string) {
	p.t.Helper()
	element, err := p.page.Timeout(time.Minute).ElementX(xpath)
	if err != nil {
		p.t.Fatalf("no element %s: %v\n%s", xpath, err, p.text("main"))
	}
	if p.taps {
		p.check(proto.DOMScrollIntoViewIfNeeded{ObjectID: element.Object.ObjectID}.Call(p.page))
		shape, err := element.Shape()
		p.check(err)
		at := shape.OnePointInside()
		finger := []*proto.InputTouchPoint{{X: at.X, Y: at.Y}}
		p.check(proto.InputDispatchTouchEvent{Type: proto.InputDispatchTouchEventTypeTouchStart, TouchPoints: finger}.Call(p.page))
		p.check(proto.InputDispatchTouchEvent{Type: proto.InputDispatchTouchEventTypeTouchEnd, TouchPoints: []*proto.InputTouchPoint{}}.Call(p.page))
		return
	}
	for range 200 {
		focused, err := element.Eval(`() => document.activeElement === this`)
		p.check(err)
		if focused.Value.Bool() {
			return
		}
		p.check(p.page.Keyboard.Press(input.Tab))
		p.check(p.page.Keyboard.Release(input.Tab))
	}
	p.t.Fatalf("the Tab key does not reach %s", xpath)
}

func (p *browserUser) key(key input.Key) {
	p.t.Helper()
	p.check(p.page.Keyboard.Press(key))
	p.check(p.page.Keyboard.Release(key))
}

const named = `normalize-space(.)="`

// fill replaces the value of a labelled field.
func (p *browserUser) fill(label, value string) *browserUser {
	p.t.Helper()
	p.focus(`//input[@id=//label[` + named + label + `"]/@for]`)
	if p.taps { // the tap sets the focus
		p.waitUntil("the field has the focus", time.Minute, `() => document.activeElement?.tagName === "INPUT" ? "yes" : ""`)
	}
	p.eval(`() => { document.activeElement.select(); return "" }`)
	p.check(p.page.InsertText(value))
	return p
}

func (p *browserUser) tick(label string) *browserUser {
	p.t.Helper()
	p.focus(`//input[@id=//label[` + named + label + `"]/@for]`)
	if !p.taps {
		p.key(input.Space)
	}
	p.waitUntil("the box is ticked", time.Minute, `() => document.querySelector("input:checked") ? "yes" : ""`)
	return p
}

func (p *browserUser) press(button string) *browserUser {
	p.t.Helper()
	return p.navigate(`//button[` + named + button + `"]`)
}

func (p *browserUser) follow(link string) *browserUser {
	p.t.Helper()
	return p.navigate(`//main//a[` + named + link + `"]`)
}

// navigate activates a button or link, and waits for the next page.
func (p *browserUser) navigate(xpath string) *browserUser {
	p.t.Helper()
	p.eval(`() => { document.documentElement.dataset.left = "no"; return "" }`)
	p.focus(xpath)
	if !p.taps {
		p.key(input.Enter)
	}
	p.waitForPage(time.Minute)
	return p
}

// waitForPage waits for the next page.
func (p *browserUser) waitForPage(timeout time.Duration) {
	p.t.Helper()
	p.waitUntil("another page is loaded", timeout, `() => document.readyState === "complete" && document.documentElement.dataset.left !== "no" && location.protocol === "http:" ? "yes" : ""`)
	p.eval(`() => { document.documentElement.dataset.left = "no"; return "" }`)
}

// waitUntil polls the page, which cannot be evaluated while it is replaced.
func (p *browserUser) waitUntil(what string, timeout time.Duration, function string) {
	p.t.Helper()
	for end := time.Now().Add(timeout); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got, err := p.page.Timeout(10 * time.Second).Eval(function); err == nil && got.Value.Str() == "yes" {
			return
		}
	}
	p.t.Fatalf("timeout: %s:\n%s", what, p.text("main"))
}

var sixDigitCode = regexp.MustCompile(`\b\d{6}\b`)

// code waits for the next message to a recipient and returns its code.
func (p *browserUser) code(file, to string) string {
	p.t.Helper()
	for range 250 {
		text, _ := os.ReadFile(filepath.Join(p.folder, file))
		var codes []string
		for line := range strings.Lines(string(text)) {
			var message struct{ To, Body string }
			if json.Unmarshal([]byte(line), &message) != nil || message.To != to {
				continue
			}
			if code := sixDigitCode.FindString(message.Body); code != "" {
				codes = append(codes, code)
			}
		}
		if len(codes) > p.codesRead[to] {
			p.codesRead[to] = len(codes)
			return codes[len(codes)-1]
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.t.Fatalf("no code was sent to %s", to)
	return ""
}
