package oidc

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"twostep/auth"
)

// TestNewSecret: a secret has the length for 256 bits, and only letters and digits, each
// equally often (OI-16).
func TestNewSecret(t *testing.T) {
	const secrets = 2000
	found := map[rune]int{}
	for range secrets {
		secret := newSecret(auth.NewToken())
		if len(secret) != auth.AppSecretLength {
			t.Fatalf("%d characters", len(secret))
		}
		for _, c := range secret {
			found[c]++
		}
	}
	mean := secrets * auth.AppSecretLength / 62
	for c, n := range found {
		if n < mean*85/100 || n > mean*115/100 { // five standard deviations are 13 percent
			t.Errorf("%q is there %d times, on average %d", c, n, mean)
		}
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", c) {
			t.Errorf("%q is neither a letter nor a digit", c)
		}
	}
	if len(found) != 62 {
		t.Errorf("%d different characters", len(found))
	}
}

// TestApp_Check: what a registered app must be. A fault names the flag.
func TestApp_Check(t *testing.T) {
	uris := func(n int) []string { return slices.Repeat([]string{"https://wiki.example.org/"}, n) }
	for _, row := range []struct {
		name   string
		change func(*App)
		flag   string // empty if the app is valid
	}{
		{"valid", func(*App) {}, ""},
		{"the longest name", func(a *App) { a.Name = strings.Repeat("ä", auth.AppNameMax) }, ""},
		{"no name", func(a *App) { a.Name = "" }, "name"},
		{"a long name", func(a *App) { a.Name = strings.Repeat("x", auth.AppNameMax+1) }, "name"},
		{"a name that changes direction", func(a *App) { a.Name = "Shop\u202e" }, "name"},
		{"a name that is not UTF-8", func(a *App) { a.Name = "Shop\xff" }, "name"},
		{"no kind", func(a *App) { a.Kind = "" }, "kind"},
		{"no algorithm", func(a *App) { a.Alg = "" }, "alg"},
		{"without PKCE", func(a *App) { a.WithoutPKCE = true }, ""},
		{"public without PKCE", func(a *App) { a.Kind, a.WithoutPKCE = SPA, true }, "without-pkce"},
		{"trusted", func(a *App) { a.Trusted = true }, ""},
		{"public and trusted", func(a *App) { a.Kind, a.Trusted = Native, true }, "trusted"},
		{"no redirect URI", func(a *App) { a.RedirectURIs, a.PostLogoutURIs = nil, uris(1) }, "redirect"},
		{"the most URIs", func(a *App) { a.PostLogoutURIs = uris(auth.AppURIsMax - 1) }, ""},
		{"too many URIs", func(a *App) { a.PostLogoutURIs = uris(auth.AppURIsMax) }, "redirect"},
		{"an invalid URI", func(a *App) { a.PostLogoutURIs = []string{"/bye"} }, "post-logout"},
		{"a back channel to the user's device", func(a *App) { a.Kind, a.BackchannelURI = Native, "com.example:/logout" }, "backchannel-logout"},
		{"the most groups", func(a *App) { a.Groups = slices.Repeat([]string{"ops"}, auth.AppGroupsMax) }, ""},
		{"too many groups", func(a *App) { a.Groups = slices.Repeat([]string{"ops"}, auth.AppGroupsMax+1) }, "group"},
		{"an invalid group", func(a *App) { a.Groups = []string{"Ops"} }, "group"},
		{"idle as long as used", func(a *App) { a.RefreshIdle = a.RefreshLifetime }, ""},
		{"idle longer than used", func(a *App) { a.RefreshIdle = a.RefreshLifetime + 1 }, "refresh-idle"},
		{"no idle time", func(a *App) { a.RefreshIdle = 0 }, "refresh-idle"},
	} {
		app := App{
			Name: "Wiki", Kind: Web, Alg: RS256, RedirectURIs: uris(1),
			RefreshIdle: auth.RefreshIdle, RefreshLifetime: auth.RefreshLifetime,
		}
		row.change(&app)
		flag := ""
		if problem, ok := errors.AsType[*auth.Problem](app.check()); ok {
			flag = problem.Field
		}
		if flag != row.flag {
			t.Errorf("%s: refused for %q, want %q", row.name, flag, row.flag)
		}
	}
}
