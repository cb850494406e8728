package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"twostep/auth/oidc"
	"twostep/handlers"
)

// program sends a request of a program: without cookies, from another site.
func (site *testSite) program(method, path string, form url.Values, header http.Header) *httptest.ResponseRecorder {
	site.t.Helper()
	req := httptest.NewRequest(method, site.origin+path, strings.NewReader(form.Encode()))
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, values := range header {
		req.Header[name] = values
	}
	recorder := httptest.NewRecorder()
	site.handler.ServeHTTP(recorder, req)
	return recorder
}

// allowedOrigins are the endpoints that scripts of other sites may use (OI-45).
var allowedOrigins = []string{
	oidc.DiscoveryPath, oidc.ServerDiscoveryPath, oidc.KeySetPath, oidc.TokenPath, oidc.UserInfoPath, oidc.RevokePath, "/.well-known/passkey-endpoints",
}

// Endpoints for programs set no cookie, respond to errors with JSON, and let scripts of
// other sites read only what is listed, never with credentials (OI-45).
func TestMachineRoutes(t *testing.T) {
	site := newSite(t)
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions}
	for path, rows := range handlers.MachinePaths() {
		cors := slices.Contains(allowedOrigins, path)
		for _, method := range methods {
			if (path == oidc.LogoutPath || path == oidc.AuthorizePath) && method != http.MethodPost { // which is a page
				continue
			}
			response := site.program(method, path, nil, http.Header{
				"Origin": {"https://other.example"}, "Cookie": {"__Host-twostep=x"}, "Access-Control-Request-Method": {"POST"},
			})
			header := response.Header()
			has := slices.ContainsFunc(rows, func(row handlers.MachinePath) bool { return row.Method == method })
			if header.Get("Set-Cookie") != "" || header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s %s: sets a cookie or allows credentials", method, path)
			}
			if got := header.Get("Access-Control-Allow-Origin") == "*"; got != cors && (has || method == http.MethodOptions) {
				t.Errorf("%s %s: other origins allowed: %v, want %v", method, path, got, cors)
			}
			switch {
			case method == http.MethodOptions && cors:
				if response.Code != http.StatusNoContent || header.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type" {
					t.Errorf("OPTIONS %s: %d with %v", path, response.Code, header)
				}
			case method == http.MethodOptions:
				if response.Code != http.StatusNoContent {
					t.Errorf("OPTIONS %s: %d", path, response.Code)
				}
			case !has:
				if response.Code != http.StatusMethodNotAllowed || !json.Valid(response.Body.Bytes()) {
					t.Errorf("%s %s: %d with %s", method, path, response.Code, response.Body)
				}
			}
		}
	}
}

// A fault is not the fault of the program.
func TestMachineRoutes_Fault(t *testing.T) {
	site := newSite(t)
	site.exec(`ALTER TABLE signing_keys RENAME TO lost`)
	response := site.program(http.MethodGet, oidc.KeySetPath, nil, nil)
	if response.Code != http.StatusInternalServerError || !strings.Contains(response.Body.String(), `"server_error"`) {
		t.Errorf("%d with %s", response.Code, response.Body)
	}
	site.exec(`ALTER TABLE apps RENAME TO lost_apps`)
	response = site.program(http.MethodPost, oidc.TokenPath, url.Values{"client_id": {"x"}}, nil)
	if response.Code != http.StatusInternalServerError || !strings.Contains(response.Body.String(), `"server_error"`) {
		t.Errorf("%d with %s", response.Code, response.Body)
	}
	if n := len(site.log.linesWith("level=ERROR", "msg=fault", "no such table")); n != 2 {
		t.Errorf("%d faults in the log:\n%s", n, site.log.String())
	}
}

// OI-11, OI-30, OI-46, OI-50: discovery lists what works, at the paths of both standards, and nothing
// else; the key set has a key of each algorithm.
func TestDiscovery(t *testing.T) {
	site := newSite(t)
	read := func(path string) (document map[string]any) {
		t.Helper()
		response := site.program(http.MethodGet, path, nil, nil)
		if err := json.Unmarshal(response.Body.Bytes(), &document); response.Code != http.StatusOK || err != nil {
			t.Fatalf("%s: %d with %s", path, response.Code, response.Body)
		}
		if header := response.Header(); header.Get("Content-Type") != "application/json" || header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("%s: header is %v", path, header)
		}
		return document
	}
	document := read(oidc.DiscoveryPath)
	if document["issuer"] != site.origin || len(read(oidc.ServerDiscoveryPath)) != len(document) {
		t.Errorf("document is %v", document)
	}
	for name, value := range document {
		endpoint, ok := value.(string)
		if !ok || name == "issuer" {
			continue
		}
		path, ok := strings.CutPrefix(endpoint, site.origin)
		if !ok || site.program(http.MethodGet, path, nil, nil).Code == http.StatusNotFound {
			t.Errorf("%s is %s, which does not exist", name, endpoint)
		}
	}
	secret := []any{"client_secret_basic", "client_secret_post"}
	for name, want := range map[string]any{ // all that is not an endpoint
		"issuer": site.origin, "scopes_supported": []any{"openid", "email", "profile", "groups", "offline_access"},
		"response_types_supported": []any{"code"}, "response_modes_supported": []any{"query"}, "subject_types_supported": []any{"public"},
		"grant_types_supported": []any{"authorization_code", "refresh_token"}, "acr_values_supported": []any{"urn:twostep:acr:1", "urn:twostep:acr:2"},
		"id_token_signing_alg_values_supported": []any{"RS256", "ES256"}, "prompt_values_supported": []any{"none", "login", "consent"},
		"claims_supported": []any{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid",
			"email", "email_verified", "name", "preferred_username", "updated_at", "groups",
		},
		"code_challenge_methods_supported": []any{"S256"}, "token_endpoint_auth_methods_supported": append(slices.Clip(secret), "none"),
		"revocation_endpoint_auth_methods_supported": append(slices.Clip(secret), "none"), "introspection_endpoint_auth_methods_supported": secret,
		"authorization_response_iss_parameter_supported": true, "request_parameter_supported": false, "request_uri_parameter_supported": false,
		"claims_parameter_supported": false, "backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
		"require_pushed_authorization_requests": false,
	} {
		if !reflect.DeepEqual(document[name], want) {
			t.Errorf("%s is %v, want %v", name, document[name], want)
		}
		delete(document, name)
	}
	for name := range document {
		if !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" {
			t.Errorf("%s is listed", name)
		}
	}
	if keys := read(oidc.KeySetPath)["keys"].([]any); len(keys) != 2 {
		t.Errorf("%d keys", len(keys))
	}
}
