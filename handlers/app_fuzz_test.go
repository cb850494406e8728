package handlers_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"twostep/auth/oidc"
)

// A fuzzedApp sends requests that are made of any text. Each comes from another network,
// so that no rate limit hides what they lead to.
type fuzzedApp struct {
	*testApp
	requests int
}

func newFuzzedApp(f *testing.F) *fuzzedApp {
	return &fuzzedApp{testApp: newSiteIn(f, f.TempDir()).addApp()}
}

// send replaces ID and SECRET by those of the app.
func (a *fuzzedApp) send(t *testing.T, method, path, body, authorization string) *http.Response {
	t.Helper()
	replace := strings.NewReplacer("ID", a.id, "SECRET", a.secret).Replace
	r := httptest.NewRequest(method, "/", strings.NewReader(replace(body)))
	path, query, _ := strings.Cut(path, "?")
	r.URL = &url.URL{Path: path, RawQuery: replace(query)}
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if user, basic := strings.CutPrefix(replace(authorization), "basic:"); basic {
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user)))
	} else if authorization != "" {
		r.Header.Set("Authorization", replace(authorization))
	}
	a.requests++
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.1:4711", a.requests>>8&255, a.requests&255)
	w := httptest.NewRecorder()
	a.site.handler.ServeHTTP(w, r)
	response := w.Result()
	if response.StatusCode >= 500 || response.Header.Get("Set-Cookie") != "" {
		t.Fatalf("%s %s, %q: %d %s %v", method, path, body, response.StatusCode, w.Body, response.Header)
	}
	return response
}

// FuzzAuthorize: no request leads to an address that is not registered (OI-15): it ends on a
// page, at the page where the user continues, or at the app with an error, a code never.
func FuzzAuthorize(f *testing.F) {
	const valid = "&response_type=code&scope=openid&code_challenge_method=S256&code_challenge=ccccccccccccccccccccccccccccccccccccccccccc"
	f.Add("client_id=ID&redirect_uri=https%3A%2F%2Fwiki.example%2Fcallback"+valid, true)
	f.Add("client_id=ID&redirect_uri=https%3A%2F%2Fwiki.example%2Fcallback&state=a%0d%0aLocation:x&prompt=none+login", false)
	f.Add("client_id=ID&redirect_uri=https%3A%2F%2Fwiki.example%2Fcallback%40evil.example"+valid, false)
	f.Add("client_id=ID&redirect_uri=https%3A%2F%2Fwiki.example%2Fcallback&redirect_uri=https%3A%2F%2Fevil.example", false)
	f.Add("client_id=ID&request_uri=urn:ietf:params:oauth:request_uri:x&redirect_uri=//evil.example&id_token_hint=x.y.z", true)
	app := newFuzzedApp(f)
	f.Fuzz(func(t *testing.T, query string, posted bool) {
		method, path, body := http.MethodGet, oidc.AuthorizePath+"?"+query, ""
		if posted {
			method, path, body = http.MethodPost, oidc.AuthorizePath, query
		}
		response := app.send(t, method, path, body, "")
		to := response.Header.Get("Location")
		if refused, ok := strings.CutPrefix(to, app.callback+"?"); ok {
			values, err := url.ParseQuery(refused)
			if err != nil || values.Get("error") == "" || values.Get("iss") != app.site.origin || values.Has("code") {
				t.Fatalf("%q leads to %q", query, to)
			}
			return
		}
		if id, ok := strings.CutPrefix(to, "/account/continue/"); ok && len(id) >= 22 && !strings.ContainsAny(id, "/?#\\.") {
			return
		}
		if to != "" || response.StatusCode != http.StatusBadRequest || response.Header.Get("Refresh") != "" {
			t.Fatalf("%q leads to %d %q", query, response.StatusCode, to)
		}
	})
}

// FuzzToken: without a code, no request to an endpoint for apps gets a token or a claim, and
// every response is JSON (OI-17, OI-41, OI-48).
func FuzzToken(f *testing.F) {
	paths := []string{oidc.TokenPath, oidc.UserInfoPath, oidc.IntrospectPath, oidc.RevokePath, oidc.PushPath, oidc.LogoutPath}
	f.Add(uint(0), "basic:ID:SECRET", "grant_type=authorization_code&code=x&redirect_uri=https%3A%2F%2Fwiki.example%2Fcallback&code_verifier="+strings.Repeat("v", 43))
	f.Add(uint(0), "", "client_id=ID&client_secret=SECRET&grant_type=refresh_token&refresh_token=x&scope=openid+email")
	f.Add(uint(1), "Bearer eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJhbm4ifQ.", "access_token=x")
	f.Add(uint(2), "basic:ID:SECRET", "token=eyJhbGciOiJub25lIn0.e30.")
	f.Add(uint(3), "basic:ID", "client_id=ID&client_secret=&token=%ff&token_type_hint=refresh_token")
	f.Add(uint(4), "basic:ID:SECRET", "redirect_uri=https%3A%2F%2Fevil.example&response_type=code&scope=openid")
	f.Add(uint(5), "", "id_token_hint=eyJhbGciOiJIUzI1NiJ9.e30.x&post_logout_redirect_uri=https%3A%2F%2Fevil.example")
	app := newFuzzedApp(f)
	f.Fuzz(func(t *testing.T, endpoint uint, authorization, form string) {
		path := paths[endpoint%uint(len(paths))]
		response := app.send(t, http.MethodPost, path, form, authorization)
		body := map[string]any{}
		switch json.NewDecoder(response.Body).Decode(&body); {
		case path == oidc.LogoutPath && response.StatusCode == http.StatusSeeOther && response.Header.Get("Location") == oidc.LogoutPath:
			return // where the user is asked
		case path == oidc.RevokePath && response.StatusCode == http.StatusOK && len(body) == 0:
			return
		case path == oidc.IntrospectPath && response.StatusCode == http.StatusOK && len(body) == 1 && body["active"] == false:
			return
		case path == oidc.PushPath && response.StatusCode == http.StatusCreated && body["request_uri"] != nil && body["expires_in"] != nil:
			return
		case response.StatusCode < 400 || body["error"] == nil || body["access_token"] != nil || body["sub"] != nil || response.Header.Get("Location") != "":
			t.Fatalf("%s %q %q: %d %v, %v", path, authorization, form, response.StatusCode, body, response.Header)
		}
	})
}
