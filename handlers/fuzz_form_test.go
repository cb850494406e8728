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

// No posted body of any type, to any path, causes an internal error. Without a form
// token it changes nothing (CS-02, CS-10, RL-09).
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
	site := newSiteIn(f, f.TempDir())
	in, users := site.browser().signUp(ann), 0
	in.open("/account")
	f.Fuzz(func(t *testing.T, body string, at uint, contentType string) {
		site.t, in.t = t, t
		path := strings.Replace(paths[at%uint(len(paths))], ":id", "no-such-phone", 1)
		site.wait(time.Minute)
		if in.open("/account"); in.page.Heading() != "Account" { // the session has ended
			users++
			in = site.browser()
			in.signUp(fmt.Sprintf("ann%d@example.org", users)).open("/account")
		}
		before := site.accountData()
		if status := postRaw(in, path, contentType, body); status < 300 || status >= 500 {
			t.Fatalf("%s without a token: %d", path, status)
		}
		if site.accountData() != before {
			t.Fatalf("%s without a token changed something", path)
		}
		fields, _ := url.ParseQuery(body)
		fields.Set("token", in.formToken())
		out := site.browser().open("/sign-in")
		for _, b := range []*browser{in, out} {
			if status := postRaw(b, path, "application/x-www-form-urlencoded", fields.Encode()); status >= 500 {
				t.Fatalf("%s: %d", path, status)
			}
			fields.Set("token", out.formToken())
		}
	})
}

// postRaw posts a body of any content type and returns the status.
func postRaw(b *browser, path, contentType, body string) int {
	r := httptest.NewRequest(http.MethodPost, b.site.origin+path, io.NopCloser(strings.NewReader(body)))
	r.RemoteAddr = b.remoteAddr
	r.Header = http.Header{"Content-Type": {contentType}, "Sec-Fetch-Site": {"same-origin"}}
	return b.send(r).StatusCode
}
