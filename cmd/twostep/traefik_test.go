package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"twostep/cmd/twostep/internal/cmdtest"
)

var yamlList = regexp.MustCompile(`(authRequestHeaders|authResponseHeaders): \[(.*)\]`)

// startTraefik starts a proxy that does what Traefik documents of forwardAuth, with the
// headers of the shipped configuration: it asks by GET with those of authRequestHeaders,
// passes every response but 2xx on, and otherwise replaces those of authResponseHeaders,
// in all their spellings.
func startTraefik(t *testing.T, check, app string) string {
	lists := map[string][]string{}
	for _, found := range yamlList.FindAllStringSubmatch(cmdtest.ReadFile(t, "deploy/forward-auth/traefik.yml"), -1) {
		lists[found[1]] = strings.Split(found[2], ", ")
	}
	target := &url.URL{Scheme: "http", Host: app}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
		r.Out.Header.Del("X-Http-Method-Override")
		r.Out.Header.Del("X-Method-Override")
	}}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ask, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+check+"/forward-auth", nil)
		for _, name := range lists["authRequestHeaders"] {
			if values := r.Header.Values(name); len(values) > 0 {
				ask.Header[http.CanonicalHeaderKey(name)] = values
			}
		}
		client, _, _ := net.SplitHostPort(r.RemoteAddr)
		for name, value := range map[string]string{"Method": r.Method, "Proto": "http", "Host": r.Host, "Uri": r.URL.RequestURI(), "For": client} {
			ask.Header.Set("X-Forwarded-"+name, value)
		}
		answer, err := http.DefaultTransport.RoundTrip(ask)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		defer answer.Body.Close()
		if answer.StatusCode/100 != 2 {
			for name, values := range answer.Header {
				w.Header()[name] = values
			}
			w.WriteHeader(answer.StatusCode)
			_, _ = io.Copy(w, answer.Body)
			return
		}
		for _, name := range lists["authResponseHeaders"] {
			for sent := range r.Header {
				if strings.EqualFold(strings.NewReplacer("_", "-", ".", "-").Replace(sent), name) {
					delete(r.Header, sent)
				}
			}
			r.Header[http.CanonicalHeaderKey(name)] = answer.Header.Values(name)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	return strings.TrimPrefix(proxy.URL, "http://")
}
