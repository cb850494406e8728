package views

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/proto"
)

// onePerHeading returns one sample for each h1.
func onePerHeading() (all []sample) {
	seen := map[string]bool{}
	for _, s := range samples() {
		if !seen[s.h1] {
			seen[s.h1] = true
			all = append(all, s)
		}
	}
	return all
}

// TestPages_Paste checks that every field accepts a long text from the clipboard,
// and that pasting does not submit the form (PW-12, AX-01, AX-02, AX-11, HT-03).
func TestPages_Paste(t *testing.T) {
	t.Parallel()
	b, origin := newTab(t, chromium(t)), serveGallery(t)
	text := strings.Repeat("paste me ", 14) + "123 456"
	b.copyText(text)
	fields := 0
	for _, s := range onePerHeading() {
		b.unfold(origin + "/" + s.name)
		var ids []string
		b.eval(`() => [...document.querySelectorAll("input:not([type=hidden], [hidden], [type=checkbox], [type=date])")].map(e => e.id)`, &ids)
		for _, id := range ids {
			fields++
			b.eval(fmt.Sprintf(`() => { const e = document.getElementById(%q); e.value = ""; e.focus(); return null }`, id), new(any))
			b.command("paste")
			var got [2]string
			b.eval(fmt.Sprintf(`() => [document.getElementById(%q).value, location.pathname]`, id), &got)
			if got != [2]string{text, "/" + s.name} {
				t.Errorf("%s: after pasting into %s, %s has %q", s.name, id, got[1], got[0])
			}
		}
	}
	if fields < 15 {
		t.Errorf("only %d fields were tested", fields)
	}
}

// copyText copies a text to the clipboard, as a user does.
func (b tab) copyText(text string) {
	b.t.Helper()
	b.open("data:text/html,<textarea id=from></textarea>")
	b.eval(fmt.Sprintf(`() => { const e = document.getElementById("from"); e.value = %q; e.select(); return null }`, text), new(any))
	b.command("copy")
}

// command runs a command of the browser's Edit menu.
func (b tab) command(name string) {
	b.t.Helper()
	down := proto.InputDispatchKeyEvent{Type: proto.InputDispatchKeyEventTypeRawKeyDown, Commands: []string{name}}
	b.check(down.Call(b.page))
	b.check(proto.InputDispatchKeyEvent{Type: proto.InputDispatchKeyEventTypeKeyUp}.Call(b.page))
}

// TestPages_FocusIsVisible checks that every focusable element has an outline while
// it has the focus, and is not covered (AX-07, OP-12).
func TestPages_FocusIsVisible(t *testing.T) {
	t.Parallel()
	b, origin := newTab(t, chromium(t)), serveGallery(t)
	reached := 0
	for _, width := range []int{390, 1280} {
		b.size(width, 844)
		for _, s := range onePerHeading() {
			b.unfold(origin + "/" + s.name)
			var found struct {
				Reached int
				Hidden  []string
			}
			b.eval(`() => {
				const all = [...document.querySelectorAll("a[href], button, :is(input, select):not([type=hidden], [hidden], :disabled)")].filter(e => e.getClientRects().length > 0)
				const outlined = style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
				return {Reached: all.length, Hidden: all.filter(e => {
					e.focus({focusVisible: true})
					const box = e.getClientRects()[0]
					const top = box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
					const seen = outlined(getComputedStyle(e)) || outlined(getComputedStyle(e, "::after")) // of a row
					return document.activeElement !== e || !seen || !top || !e.contains(top)
				}).map(e => e.tagName + " " + (e.id || e.textContent.trim()))}
			}`, &found)
			reached += found.Reached
			for _, element := range found.Hidden {
				t.Errorf("%s: the focus is not visible on %s", s.name, element)
			}
		}
	}
	if reached < 100 {
		t.Errorf("only %d elements were focused", reached)
	}
}
