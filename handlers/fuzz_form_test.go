package handlers_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/handlers"
)

// FuzzForm: whatever is posted, wherever and as whatever, is no fault of ours;
// and without the token of a form it changes nothing (CS-02, CS-10, RL-09).
func FuzzForm(f *testing.F) {
	for i, form := range []string{
		"", "action=delete&confirm=ann@example.org", "action=continue&email=x%00@example.org&password=%ff", "action=change&email=%C3%28@example.org",
		"action=continue&phone=%2B1415555267100000000000000", "token=&token=x&action=verify&code=000000", "action=use:sms:&a;b=%", "action=end:%00",
		"action=verify_code&code=" + strings.Repeat("9", 3000), strings.Repeat("a=b&", 300), "action=change&current=x&password=" + strings.Repeat("ü", 200),
	} {
		f.Add(form, uint(i*5), "application/x-www-form-urlencoded")
	}
	f.Add("--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nx\r\n--x--", uint(3), "multipart/form-data; boundary=x")
	f.Add(`{"action":"delete"}`, uint(9), "application/json; charset=\xff")
	has := handlers.RoutePaths()
	paths := slices.DeleteFunc(slices.Sorted(maps.Keys(has)), func(path string) bool { return !has[path][1] })
	w := newWorldIn(f, f.TempDir())
	in, people := w.browser().signUp(ann), 0
	in.open("/account")
	f.Fuzz(func(t *testing.T, body string, at uint, kind string) {
		w.t, in.t = t, t
		path := strings.Replace(paths[at%uint(len(paths))], ":id", "no-such-phone", 1)
		w.wait(time.Minute)
		if in.open("/account"); in.page.Find("h1").Text() != "Account" { // some form has ended it, or the day has
			people++
			in = w.browser()
			in.signUp(fmt.Sprintf("ann%d@example.org", people)).open("/account")
		}
		before := w.facts()
		if status := postRaw(in, path, kind, body); status < 400 || status >= 500 {
			t.Fatalf("%s without a token: %d", path, status)
		}
		if w.facts() != before {
			t.Fatalf("%s without a token changed something", path)
		}
		fields, _ := url.ParseQuery(body)
		fields.Set("token", in.token())
		out := w.browser().open("/sign-in")
		for _, b := range []*browser{in, out} {
			if status := postRaw(b, path, "application/x-www-form-urlencoded", fields.Encode()); status >= 500 {
				t.Fatalf("%s: %d", path, status)
			}
			fields.Set("token", out.token())
		}
	})
}

// postRaw posts any body as any kind, and answers the status.
func postRaw(b *browser, path, kind, body string) int {
	r := httptest.NewRequest(http.MethodPost, b.w.origin+path, io.NopCloser(strings.NewReader(body)))
	r.RemoteAddr = b.address
	r.Header = http.Header{"Content-Type": {kind}, "Sec-Fetch-Site": {"same-origin"}}
	for _, c := range b.jar.Cookies(b.url) {
		r.AddCookie(c)
	}
	recorder := httptest.NewRecorder()
	b.w.site.ServeHTTP(recorder, r)
	b.jar.SetCookies(b.url, recorder.Result().Cookies())
	return recorder.Code
}
