package views

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/proto"
)

// onePerHeading are the samples without the further states of the same page.
func onePerHeading() (some []sample) {
	seen := map[string]bool{}
	for _, s := range samples() {
		if !seen[s.h1] {
			seen[s.h1] = true
			some = append(some, s)
		}
	}
	return some
}

// TestPages_Paste: into every field of every page the clipboard goes as a whole:
// a long password, a code with a space in it, an address. Nothing is sent by that
// (PW-12, AX-01, AX-02, AX-11, HT-03).
func TestPages_Paste(t *testing.T) {
	t.Parallel()
	b, origin := newTab(t, chromium(t)), shelf(t)
	text := strings.Repeat("paste me ", 14) + "123 456"
	b.copies(text)
	fields := 0
	for _, s := range onePerHeading() {
		b.open(origin + "/" + s.name)
		var ids []string
		b.reads(`() => [...document.querySelectorAll("input:not([type=hidden], [hidden], [type=checkbox])")].map(e => e.id)`, &ids)
		for _, id := range ids {
			fields++
			b.reads(fmt.Sprintf(`() => { const e = document.getElementById(%q); e.value = ""; e.focus(); return null }`, id), new(any))
			b.command("paste")
			var got [2]string
			b.reads(fmt.Sprintf(`() => [document.getElementById(%q).value, location.pathname]`, id), &got)
			if got != [2]string{text, "/" + s.name} {
				t.Errorf("%s: pasted into %s at %s stands %q", s.name, id, got[1], got[0])
			}
		}
	}
	if fields < 15 {
		t.Errorf("only %d fields", fields)
	}
}

// copies puts a text into the clipboard, as a person does.
func (b tab) copies(text string) {
	b.t.Helper()
	b.open("data:text/html,<textarea id=from></textarea>")
	b.reads(fmt.Sprintf(`() => { const e = document.getElementById("from"); e.value = %q; e.select(); return null }`, text), new(any))
	b.command("copy")
}

// command is what an entry of the browser's Edit menu does.
func (b tab) command(name string) {
	b.t.Helper()
	down := proto.InputDispatchKeyEvent{Type: proto.InputDispatchKeyEventTypeRawKeyDown, Commands: []string{name}}
	b.try(down.Call(b.page))
	b.try(proto.InputDispatchKeyEvent{Type: proto.InputDispatchKeyEventTypeKeyUp}.Call(b.page))
}

// TestPages_FocusIsSeen: whatever can have the focus is outlined while it has
// it, and nothing lies over it (AX-07).
func TestPages_FocusIsSeen(t *testing.T) {
	t.Parallel()
	b, origin := newTab(t, chromium(t)), shelf(t)
	b.size(390, 844)
	reached := 0
	for _, s := range onePerHeading() {
		b.open(origin + "/" + s.name)
		var found struct {
			Reached int
			Unseen  []string
		}
		b.reads(`() => {
			const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden], [hidden])")]
			const outlined = look => look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2
			return {Reached: all.length, Unseen: all.filter(e => {
				e.focus({focusVisible: true})
				const box = e.getClientRects()[0]
				const top = box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
				const seen = outlined(getComputedStyle(e)) || outlined(getComputedStyle(e, "::after")) // of a whole row
				return document.activeElement !== e || !seen || !top || !e.contains(top)
			}).map(e => e.tagName + " " + (e.id || e.textContent.trim()))}
		}`, &found)
		reached += found.Reached
		for _, what := range found.Unseen {
			t.Errorf("%s: the focus is not seen on %s", s.name, what)
		}
	}
	if reached < 100 {
		t.Errorf("only %d elements have had the focus", reached)
	}
}
