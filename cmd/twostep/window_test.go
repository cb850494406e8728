package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
)

// A window is one of a browser that runs no scripts. Its methods return false, or an
// empty text, while there is no such element.
type window interface {
	open(url string)
	url() string
	text(selector string) string // of the first element
	fill(xpath, value string) bool
	click(xpath string) bool
	cookies() string // that the host of the page gets
}

type chromiumWindow struct {
	t    *testing.T
	page *rod.Page
}

// openChromiumWindow opens a window that reaches hosts through a forward proxy.
func openChromiumWindow(t *testing.T, browser *rod.Browser, network string) window {
	t.Helper()
	opened, err := proto.TargetCreateBrowserContext{ProxyServer: "http://" + network}.Call(browser)
	if err != nil {
		t.Fatal(err)
	}
	separate := *browser
	separate.BrowserContextID = opened.BrowserContextID
	page, err := separate.Page(proto.TargetCreateTarget{})
	if err == nil {
		err = errors.Join(proto.SecuritySetIgnoreCertificateErrors{Ignore: true}.Call(page), proto.EmulationSetScriptExecutionDisabled{Value: true}.Call(page))
	}
	if err != nil {
		t.Fatal(err)
	}
	go page.EachEvent(func(e *proto.LogEntryAdded) {
		if e.Entry.Source == proto.LogLogEntrySourceSecurity {
			t.Errorf("the browser reports: %s", e.Entry.Text)
		}
	})()
	return chromiumWindow{t, page}
}

func (w chromiumWindow) open(url string) {
	if err := w.page.Timeout(time.Minute).Navigate(url); err != nil {
		w.t.Fatalf("%s: %v", url, err)
	}
}

// eval evaluates a function in the page, which fails while the page is replaced.
func (w chromiumWindow) eval(function string, args ...any) string {
	got, err := w.page.Timeout(10*time.Second).Eval(function, args...)
	if err != nil {
		return ""
	}
	return got.Value.Str()
}

func (w chromiumWindow) url() string { return w.eval(`() => location.href`) }

func (w chromiumWindow) text(selector string) string {
	return w.eval(`s => document.readyState === "complete" ? document.querySelector(s)?.innerText ?? "" : ""`, selector)
}

const findElement = `(xpath, value) => {
	const found = document.evaluate(xpath, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue;
	if (!found || document.readyState !== "complete") return "";
	`

func (w chromiumWindow) fill(xpath, value string) bool {
	return w.eval(findElement+`found.value = value; return "done" }`, xpath, value) != ""
}

func (w chromiumWindow) click(xpath string) bool {
	return w.eval(findElement+`found.click(); return "done" }`, xpath, "") != ""
}

func (w chromiumWindow) cookies() string {
	all, err := w.page.Cookies([]string{w.url()})
	if err != nil {
		w.t.Fatal(err)
	}
	var pairs []string
	for _, c := range all {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}
