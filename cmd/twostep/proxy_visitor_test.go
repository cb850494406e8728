package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// startApp starts an app with these pages and a WebSocket. Without pages it responds with
// the request that it got, as JSON.
func startApp(t *testing.T, pages http.HandlerFunc) string {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
					"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n") // of the key in RFC 6455 section 1.3
				conn.Close()
			}
			return
		}
		if pages != nil {
			pages(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode(appRequest{r.Method, r.URL.RequestURI(), r.Header, string(body)})
	}))
	t.Cleanup(app.Close)
	return strings.TrimPrefix(app.URL, "http://")
}

type appRequest struct {
	Method, URI string
	Header      http.Header
	Body        string
}

// A proxyVisitor is a client that reaches the site and the app by their names.
type proxyVisitor struct {
	*visitor
	proxy string
}

func visitThrough(t *testing.T, site server, proxy testProxy) proxyVisitor {
	jar, _ := cookiejar.New(nil)
	dial := func(ctx context.Context, _, address string) (net.Conn, error) {
		to := map[string]string{"id.example.org:80": site.address, "wiki.example.org:80": proxy.address}[address]
		return new(net.Dialer).DialContext(ctx, "tcp", to)
	}
	v := &visitor{t: t, origin: "http://id.example.org", client: http.Client{
		Jar: jar, Timeout: time.Minute, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true},
	}}
	return proxyVisitor{v, proxy.address}
}

// ask sends a request to the app and returns the response and, if the app got it, what it
// got. Redirects are not followed.
func (v proxyVisitor) ask(method, uri string, headers map[string]string, body string) (*http.Response, *appRequest) {
	v.t.Helper()
	r, err := http.NewRequest(method, "http://wiki.example.org", strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	r.URL.Opaque = uri
	for name, value := range headers {
		r.Header[name] = []string{value} // as it is spelled
	}
	for _, c := range v.client.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	resp, err := v.client.Transport.RoundTrip(r)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, uri, err)
	}
	defer resp.Body.Close()
	v.client.Jar.SetCookies(r.URL, resp.Cookies())
	text, _ := io.ReadAll(resp.Body)
	var got appRequest
	if resp.StatusCode != 200 || json.Unmarshal(text, &got) != nil {
		return resp, nil
	}
	return resp, &got
}
