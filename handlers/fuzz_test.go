package handlers

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"twostep/auth"
)

// FuzzLocalPath checks that every next parameter becomes the path of an account page,
// as browsers parse it, and that localPath is idempotent (FF-10).
func FuzzLocalPath(f *testing.F) {
	for _, next := range []string{
		"/account", "/account/manage-mfa?format=uri&a=b", "//evil.example", `/\evil.example`, "https://evil.example/account", "javascript:alert(1)",
		"/account/../x", "/account/%2e%2e/x", "/account/%252e%252e/x", "/account//evil", "/account\t/x", "/account?next=//evil", "/account#x", "/accountx",
		"/account/a%2Fb", "/account?a b\u00e9\"<>", "/account/\u202e;:@", "/account?%", "/account/" + strings.Repeat("ü", 490), "/account?" + strings.Repeat("ü", 490),
		`/account?\evil.example`, `/account/\evil.example`, "//evil.example/account?x", "/account?\x7f~",
	} {
		f.Add(next)
	}
	origin, _ := url.Parse("https://id.example.org/sign-in")
	f.Fuzz(func(t *testing.T, next string) {
		local := localPath(next)
		if again := localPath(local); again != local {
			t.Fatalf("%q leads to %q, and that to %q", next, local, again)
		}
		if rest, ok := strings.CutPrefix(local, "/account"); !ok || rest != "" && !strings.HasPrefix(rest, "/") && !strings.HasPrefix(rest, "?") {
			t.Fatalf("%q leads to %q", next, local)
		}
		if strings.ContainsFunc(local, func(sign rune) bool { return sign <= ' ' || sign >= 0x7f || strings.ContainsRune("\\\"<>^`{|}#", sign) }) {
			t.Fatalf("%q leads to %q, which no URI is", next, local)
		}
		if len(local) > 2000 {
			t.Fatalf("%d bytes lead to %d", len(next), len(local))
		}
		there, err := origin.Parse(local)
		if err != nil || there.Scheme != "https" || there.Host != origin.Host || there.User != nil || there.Path != "/account" && !strings.HasPrefix(there.Path, "/account/") {
			t.Fatalf("%q leads to %q, which is %v, %v", next, local, there, err)
		}
	})
}

// FuzzCookie checks that only an issued cookie has tokens, and an altered one has none
// (SE-01).
func FuzzCookie(f *testing.F) {
	jar := newCookieJar(auth.NewKeyring(), &url.URL{Scheme: "https", Host: "id.example.org"})
	issued := cookie{cookieValues: cookieValues{Session: auth.NewToken(), Attempt: auth.NewToken()}}
	w := httptest.NewRecorder()
	if err := jar.save(w, issued); err != nil {
		f.Fatal(err)
	}
	value := w.Result().Cookies()[0].Value
	read := func(header string) cookie {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Cookie"] = []string{header}
		jar.deviceToken(r)
		return jar.read(r)
	}
	if got := read(jar.name + "=" + value); got.Session != issued.Session || got.Attempt != issued.Attempt {
		f.Fatal("an issued cookie is not read")
	}
	f.Add("a=b; "+jar.name+"=x", uint(0), byte(1))
	f.Add(jar.name+"=\""+strings.Repeat("A", 5000)+"\"; "+jar.deviceName()+"=\x00", uint(70), byte(0x20))
	f.Add("", uint(len(value)), byte('='))
	f.Fuzz(func(t *testing.T, header string, at uint, change byte) {
		if got := read(header); got.Session != "" || got.Attempt != "" || got.Notice != "" {
			t.Fatalf("%q is read as %+v", header, got)
		}
		at %= uint(len(value))
		for _, changed := range []string{
			value[:at] + string(value[at]^change) + value[at+1:], value[:at], value[:at] + string(change) + value[at:], value + string(change),
		} {
			got := read(jar.name + "=" + changed)
			if got.Session == issued.Session && got.Attempt == issued.Attempt || got.Session == "" && got.Attempt == "" {
				continue
			}
			t.Fatalf("%q is read as %+v", changed, got)
		}
	})
}

// FuzzForwarded checks that a client cannot choose its IP address by X-Forwarded-For: the
// header is ignored without a trusted proxy, and behind one the proxy's entry counts (RL-05).
func FuzzForwarded(f *testing.F) {
	direct, behind := ipExtractor(nil, func() {}), ipExtractor([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}, func() {})
	for _, forged := range []string{"", "198.51.100.7", "10.0.0.1, 10.0.0.2", "::1", "[2001:db8::1]:443", "\"x\"", ",,,", "unknown", "198.51.100.7%eth0", "198.51.100.7\r\nX: y"} {
		f.Add(forged, "203.0.113.9")
	}
	f.Fuzz(func(t *testing.T, forged, also string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "203.0.113.5:4711"
		r.Header = http.Header{"X-Forwarded-For": {forged}, "X-Real-Ip": {also}, "Forwarded": {"for=" + also}}
		for _, extract := range []func(*http.Request) string{direct, behind} {
			if got := extract(r); got != "203.0.113.5" {
				t.Fatalf("%q makes a client %q", forged, got)
			}
		}
		r.RemoteAddr = "10.1.2.3:4711"
		if _, err := netip.ParseAddr(behind(r)); err != nil {
			t.Fatalf("%q makes a client %q", forged, behind(r))
		}
		for _, client := range []string{"198.51.100.20", "2001:db8::20"} {
			for _, headers := range [][]string{{forged + ", " + client}, {forged, client}, {forged, client + ", 10.9.9.9"}} {
				r.Header["X-Forwarded-For"] = headers
				if got := behind(r); got != client {
					t.Fatalf("%q makes a client %q", headers, got)
				}
			}
		}
	})
}
