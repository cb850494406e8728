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

// TestBrowser walks through the site that the real binary serves, in Chromium
// with scripts off (HT-07): at a desk by the keyboard alone (AX-07), on a phone by
// tapping. Forms post under the policies that the program sends (CS-07).
func TestBrowser(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	folder := t.TempDir()
	site := start(t, folder, "--mail=file:mail", "--sms=file:sms")
	t.Run("journeys", func(t *testing.T) {
		for _, p := range []person{
			{name: "at a desk", email: "ann@example.org", number: "+14155552671", width: 1280, height: 800},
			{name: "on a phone", email: "bob@example.org", number: "+14155552672", width: 390, height: 844, taps: true},
		} {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				p.t, p.folder, p.origin, p.got = t, folder, site.origin, map[string]int{}
				p.sitDown(chromium)
				p.journey()
			})
		}
	})
	if code, said := site.stop(t, syscall.SIGTERM); code != 0 || strings.Contains(said, "ERROR") {
		t.Errorf("exit code %d: %s", code, said)
	}
}

// journey is all that a person does with an account, from its first day to its
// last.
func (p *person) journey() {
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
	app := appCodes{key: key, next: time.Now().Add(-30 * time.Second)}
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
	p.press("Send a code to •••• " + p.number[len(p.number)-4:]).reads("This page will refresh automatically.") // it comes within half a minute of the last one
	p.comesAgain(45 * time.Second)
	p.sees("Verify your account").press("Send a code to •••• " + p.number[len(p.number)-4:])
	p.fill("Code", p.code("sms", p.number)).press("Verify").sees("Account")

	firstStep()
	p.tick("This code is a backup code").fill("Code", strings.ToUpper(codes[3])).press("Verify").sees("Account")

	p.press("Sign out").sees("Sign in")
	p.follow("Forgot password?").sees("Reset your password").fill("Email address", p.email).press("Continue").sees("Check your email")
	p.fill("Code", p.code("mail", p.email)).press("Verify").sees("Set a new password")
	password = "nine orange herons by the lake"
	p.fill("New password", password).press("Set password").sees("Sign in").reads("Password changed. Sign in with your new password.")
	p.fill("Email address", p.email).fill("Password", password).press("Continue").sees("Verify your account") // a reset takes no second factor away
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

// appCodes are the codes of an authenticator app. A code works once, and only
// forwards in time, so each is of the step after the last one.
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

// startChromium starts the browser. Where there is none the test says so and is
// skipped; where everything has to be there (CI=true), it fails.
func startChromium(t *testing.T) *rod.Browser {
	t.Helper()
	lacks := t.Skipf
	if os.Getenv("CI") == "true" {
		lacks = t.Fatalf
	}
	program, err := exec.LookPath("chromium")
	if err != nil {
		lacks("NOT CHECKED: there is no chromium; run .ci/browsers")
	}
	begin := launcher.New().Bin(program).Leakless(false).NoSandbox(os.Getuid() == 0).Set("disable-dev-shm-usage")
	address, err := begin.Launch()
	if err != nil {
		lacks("NOT CHECKED: chromium does not start: %v", err)
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

// A person sits before a browser and finds fields by their labels, buttons and
// links by their names.
type person struct {
	name, email, number string
	width, height       int
	taps                bool // or uses the keyboard alone

	t              *testing.T
	folder, origin string
	page           *rod.Page
	got            map[string]int // codes so far, by address or number
}

func (p *person) try(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// sitDown opens a window of its own, with no cookie and with scripts off.
func (p *person) sitDown(browser *rod.Browser) {
	p.t.Helper()
	window, err := browser.Incognito()
	p.try(err)
	p.page, err = window.Timeout(3 * time.Minute).Page(proto.TargetCreateTarget{})
	p.try(err)
	p.try(p.page.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: p.width, Height: p.height, DeviceScaleFactor: 1, Mobile: p.taps}))
	p.try(proto.EmulationSetTouchEmulationEnabled{Enabled: p.taps}.Call(p.page))
	p.try(proto.EmulationSetScriptExecutionDisabled{Value: true}.Call(p.page))
	p.try(p.page.Navigate(`data:text/html,<title>off</title><script>document.title="on"</script>`))
	p.loaded()
	if p.eval(`() => document.title`) != "off" {
		p.t.Fatal("scripts run")
	}
	go p.page.EachEvent(func(e *proto.LogEntryAdded) {
		if e.Entry.Source == proto.LogLogEntrySourceSecurity || e.Entry.Source == proto.LogLogEntrySourceDeprecation {
			p.t.Errorf("the browser complains: %s", e.Entry.Text)
		}
	})()
}

// eval asks the page; the browser lets its tools do so with scripts off, too.
func (p *person) eval(function string, args ...any) string {
	p.t.Helper()
	got, err := p.page.Eval(function, args...)
	p.try(err)
	return got.Value.Str()
}

func (p *person) open(path string) *person {
	p.t.Helper()
	p.try(p.page.Navigate(p.origin + path))
	return p.loaded()
}

// loaded waits until the page is there as a whole. It asks again and again: no
// event can be listened to with scripts off.
func (p *person) loaded() *person {
	p.t.Helper()
	p.until("the page is loaded", 10*time.Second, `() => document.readyState === "complete" ? "yes" : ""`)
	return p
}

func (p *person) text(selector string) string {
	p.t.Helper()
	return strings.Join(strings.Fields(p.eval(`s => document.querySelector(s)?.innerText ?? ""`, selector)), " ")
}

// sees checks the heading, and that nothing is wider than the screen.
func (p *person) sees(h1 string) *person {
	p.t.Helper()
	if got := p.text("h1"); got != h1 {
		p.t.Fatalf("sees %q, want %q:\n%s", got, h1, p.text("main"))
	}
	if wide := p.eval(`() => document.documentElement.scrollWidth > innerWidth ? "wide" : ""`); wide != "" {
		p.t.Errorf("%s is wider than the screen", h1)
	}
	return p
}

func (p *person) reads(words string) *person {
	p.t.Helper()
	if text := p.text("main"); !strings.Contains(text, words) {
		p.t.Fatalf("does not say %q:\n%s", words, text)
	}
	return p
}

// reach goes to an element: by the Tab key until it has the focus, or by a tap,
// which hits whatever lies on top.
func (p *person) reach(xpath string) {
	p.t.Helper()
	element, err := p.page.Timeout(5 * time.Second).ElementX(xpath)
	if err != nil {
		p.t.Fatalf("nothing is at %s: %v\n%s", xpath, err, p.text("main"))
	}
	if p.taps {
		p.try(proto.DOMScrollIntoViewIfNeeded{ObjectID: element.Object.ObjectID}.Call(p.page))
		shape, err := element.Shape()
		p.try(err)
		at := shape.OnePointInside()
		finger := []*proto.InputTouchPoint{{X: at.X, Y: at.Y}}
		p.try(proto.InputDispatchTouchEvent{Type: proto.InputDispatchTouchEventTypeTouchStart, TouchPoints: finger}.Call(p.page))
		p.try(proto.InputDispatchTouchEvent{Type: proto.InputDispatchTouchEventTypeTouchEnd, TouchPoints: []*proto.InputTouchPoint{}}.Call(p.page))
		return
	}
	for range 200 {
		there, err := element.Eval(`() => document.activeElement === this`)
		p.try(err)
		if there.Value.Bool() {
			return
		}
		p.try(p.page.Keyboard.Press(input.Tab))
		p.try(p.page.Keyboard.Release(input.Tab))
	}
	p.t.Fatalf("the Tab key does not lead to %s", xpath)
}

func (p *person) key(key input.Key) {
	p.t.Helper()
	p.try(p.page.Keyboard.Press(key))
	p.try(p.page.Keyboard.Release(key))
}

const named = `normalize-space(.)="`

// fill types into the field of a label, over what may be there.
func (p *person) fill(label, value string) *person {
	p.t.Helper()
	p.reach(`//input[@id=//label[` + named + label + `"]/@for]`)
	if p.taps { // a field that has the focus is tapped into; wait until it has
		p.until("the field has the focus", 5*time.Second, `() => document.activeElement?.tagName === "INPUT" ? "yes" : ""`)
	}
	p.eval(`() => { document.activeElement.select(); return "" }`)
	p.try(p.page.InsertText(value))
	return p
}

func (p *person) tick(label string) *person {
	p.t.Helper()
	p.reach(`//input[@id=//label[` + named + label + `"]/@for]`)
	if !p.taps {
		p.key(input.Space)
	}
	p.until("the box is ticked", 5*time.Second, `() => document.querySelector("input:checked") ? "yes" : ""`)
	return p
}

func (p *person) press(button string) *person {
	p.t.Helper()
	return p.leave(`//button[` + named + button + `"]`)
}

func (p *person) follow(link string) *person {
	p.t.Helper()
	return p.leave(`//main//a[` + named + link + `"]`)
}

// leave acts on what leads to another page, and waits for that.
func (p *person) leave(xpath string) *person {
	p.t.Helper()
	p.eval(`() => { document.documentElement.dataset.left = "no"; return "" }`)
	p.reach(xpath)
	if !p.taps {
		p.key(input.Enter)
	}
	p.comesAgain(10 * time.Second)
	return p
}

// comesAgain waits for the next page.
func (p *person) comesAgain(within time.Duration) {
	p.t.Helper()
	p.until("another page comes", within, `() => document.readyState === "complete" && document.documentElement.dataset.left !== "no" && location.protocol === "http:" ? "yes" : ""`)
	p.eval(`() => { document.documentElement.dataset.left = "no"; return "" }`)
}

// until asks the page again and again. A page that is just going away cannot
// be asked.
func (p *person) until(what string, within time.Duration, function string) {
	p.t.Helper()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got, err := p.page.Timeout(2 * time.Second).Eval(function); err == nil && got.Value.Str() == "yes" {
			return
		}
	}
	p.t.Fatalf("waited in vain until %s:\n%s", what, p.text("main"))
}

var codeInBody = regexp.MustCompile(`\b\d{6}\b`)

// code is the code of the next message to somebody, once it has come.
func (p *person) code(file, to string) string {
	p.t.Helper()
	for range 250 {
		text, _ := os.ReadFile(filepath.Join(p.folder, file))
		var codes []string
		for line := range strings.Lines(string(text)) {
			var message struct{ To, Body string }
			if json.Unmarshal([]byte(line), &message) != nil || message.To != to {
				continue
			}
			if code := codeInBody.FindString(message.Body); code != "" {
				codes = append(codes, code)
			}
		}
		if len(codes) > p.got[to] {
			p.got[to] = len(codes)
			return codes[len(codes)-1]
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.t.Fatalf("no code came to %s", to)
	return ""
}
