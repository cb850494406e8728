package access

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"
)

// readings are ways in which servers turn the path that a client sent into the one that
// they serve.
var readings = map[string]func(raw string) string{
	"as it is":            func(raw string) string { return raw },
	"decoded":             decode,
	"decoded twice":       func(raw string) string { return decode(decode(raw)) },
	"cleaned":             func(raw string) string { return path.Clean(raw) },
	"decoded and cleaned": func(raw string) string { return path.Clean(decode(raw)) },
	"cleaned and decoded": func(raw string) string { return decode(path.Clean(raw)) },
	"slashes merged":      func(raw string) string { return regexpSlashes.ReplaceAllString(decode(raw), "/") },
	"no parameters":       func(raw string) string { return path.Clean(decode(regexpParameters.ReplaceAllString(raw, ""))) },
	"parameters decoded":  func(raw string) string { return path.Clean(regexpParameters.ReplaceAllString(decode(raw), "")) },
	"no fragment":         func(raw string) string { before, _, _ := strings.Cut(decode(raw), "#"); return before },
	"encoded fragment":    func(raw string) string { before, _, _ := strings.Cut(raw, "#"); return decode(before) },
	"query decoded":       func(raw string) string { before, _, _ := strings.Cut(decode(raw), "?"); return before },
	"ends at NUL":         func(raw string) string { before, _, _ := strings.Cut(decode(raw), "\x00"); return before },
	"Windows": func(raw string) string {
		p := path.Clean(strings.ReplaceAll(strings.ToLower(decode(raw)), `\`, "/"))
		return regexpNameEnds.ReplaceAllString(p, "$1")
	},
}

var (
	regexpSlashes    = regexp.MustCompile(`/+`)
	regexpParameters = regexp.MustCompile(`;[^/]*`)
	regexpNameEnds   = regexp.MustCompile(`[. ]+(/|$)`)
)

// decode decodes what can be decoded of a path.
func decode(raw string) string {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if i+2 < len(raw) && raw[i] == '%' && isHex(raw[i+1]) && isHex(raw[i+2]) {
			b.WriteByte(unhex(raw[i+1])<<4 | unhex(raw[i+2]))
			i += 2
		} else {
			b.WriteByte(raw[i])
		}
	}
	return b.String()
}

const spellingRules = `
a.example GET /public public
a.example GET /admin/public public
a.example *   /admin/deep two-factor within 5m group:ops
a.example *   /admin two-factor group:ops
a.example *   / one-factor *
`

// checkReadings fails if a URI demands less than the plain spelling of a path that some
// server serves for it (FA-07).
func checkReadings(t *testing.T, rules *Rules, uri string) {
	t.Helper()
	got := rules.Decide(Request{"GET", "https", "a.example", uri})
	for name, read := range readings {
		raw, _, _ := strings.Cut(uri, "?")
		served := read(raw)
		if !strings.HasPrefix(served, "/") {
			continue
		}
		plain := (&url.URL{Path: served}).EscapedPath()
		want := rules.Decide(Request{"GET", "https", "a.example", plain})
		if want.Odd != "" {
			continue // no plain spelling
		}
		weaker := got.Demand != got.Demand.stricter(want.Demand)
		for _, user := range []struct{ email, group string }{{"ann@example.org", "ops"}, {"ann@example.org", ""}} {
			groups := strings.Fields(user.group)
			weaker = weaker || got.Includes(user.email, groups) && !want.Includes(user.email, groups)
		}
		if weaker {
			t.Errorf("%q demands %s, but a server that reads it %s serves %q, which demands %s",
				uri, got.Demand, name, served, want.Demand)
		}
	}
}

// TestDecide_Spellings tries every sequence of pieces up to a length.
func TestDecide_Spellings(t *testing.T) {
	rules := parse(t, spellingRules)
	pieces := []string{
		"/", "/admin", "/public", "/deep", "admin", "..", ".", "%2e", "%2F", "%5c", `\`, ";x", "#", "%23", "%00", "%61dmin",
		"%2561", "/Admin", "?", "%3f", " ", "%20", "%", "/%C4%B1",
	}
	n := 0
	var try func(uri string, left int)
	try = func(uri string, left int) {
		n++
		checkReadings(t, rules, uri)
		if left == 0 || t.Failed() {
			return
		}
		for _, piece := range pieces {
			try(uri+piece, left-1)
		}
	}
	depth := 3
	if testing.Short() {
		depth = 2
	}
	for _, start := range []string{"", "/public", "/admin"} {
		try(start, depth)
	}
	t.Logf("%d spellings", n)
}

func FuzzSpelling(f *testing.F) {
	f.Add("/public/%2e%2e/admin")
	f.Add("/public;/..;/admin#")
	rules := parse(f, spellingRules)
	f.Fuzz(func(t *testing.T, uri string) { checkReadings(t, rules, uri) })
}
