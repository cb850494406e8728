package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"twostep/auth"
	"twostep/db"
)

const (
	appHost     = "wiki.example.org"
	accessRules = appHost + " * / one-factor *\n"
)

func (p person) hostToken() auth.Token {
	return auth.Token(base64.RawURLEncoding.EncodeToString(p.derive("host token")))
}

// addHostToken lets the browser of a session use the app.
func addHostToken(ctx context.Context, store *db.Store, p person) error {
	user := auth.UserID(p.id("user"))
	sessions, err := store.FindSessions(ctx, user)
	if err != nil {
		return err
	}
	latest := sessions[0]
	for _, s := range sessions {
		if !s.MFAAt.IsZero() { // the other one was added with the account
			latest = s
		}
	}
	return store.Apply(ctx, auth.ChangeSet{User: user, At: time.Now(), Changes: []auth.Change{
		auth.PutHostToken{HostToken: auth.HostToken{TokenHash: p.hostToken().Hash(), Session: latest.ID, Host: appHost}},
	}})
}

// check returns a function that asks about a request to the app, as nginx does.
func check(b *browser) func(*conn) (bool, error) {
	return exchange(fmt.Appendf(nil, "GET /forward-auth/nginx HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Proto: http\r\n"+
		"X-Forwarded-Host: %s\r\nX-Forwarded-Uri: /page?x=1\r\nX-Forwarded-For: %s\r\nCookie: twostep-app=%s\r\n\r\n", appHost, userAgent, appHost, b.ip, b.hostToken()))
}

// throughNginx returns a function that requests the app's page.
func throughNginx(b *browser) func(*conn) (bool, error) {
	return exchange(fmt.Appendf(nil, "GET /page?x=1 HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nCookie: twostep-app=%s\r\n\r\n", appHost, userAgent, b.hostToken()))
}

func exchange(req []byte) func(*conn) (bool, error) {
	return func(c *conn) (bool, error) {
		resp, err := c.do(req)
		if err == nil && resp.status != 200 {
			err = fmt.Errorf("%s: %d: %s", req, resp.status, c.body.Bytes())
		}
		return true, err
	}
}

// measureNginx compares an app behind nginx that asks for each request with the same app
// behind nginx that does not.
func (t *target) measureNginx(s *server, browsers prepared, r *results) error {
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // not in the path of unprivileged users
	}
	if _, err := os.Stat(program); err != nil {
		progress("nginx is not installed (make proxies), so it is not measured")
		return nil
	}
	asking, plain, err := t.writeNginx(s)
	if err != nil {
		return err
	}
	nginx := exec.Command(program, "-p", t.folder, "-c", filepath.Join(t.folder, "nginx.conf"))
	nginx.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := nginx.Start(); err != nil {
		return err
	}
	defer func() { _ = nginx.Process.Signal(syscall.SIGTERM); _ = nginx.Wait() }()
	for _, address := range []string{asking, plain} {
		if err := waitFor(address); err != nil {
			return fmt.Errorf("nginx: %w", err)
		}
	}
	send := throughNginx(browsers.signedIn)
	for round := range rounds + 1 {
		for address, cost := range map[string]*cost{asking: &r.nginxAsking, plain: &r.nginxPlain} {
			c, err := s.loadAt(address, slice, send)
			if err != nil {
				return err
			}
			if round > 0 { // the first is a warm-up
				cost.add(c)
			}
		}
	}
	return nil
}

var tlsLines = regexp.MustCompile(`(?m)^\s*ssl_.*\n`)

// writeNginx writes the shipped configuration, without TLS and for other addresses, one
// that does not ask, and the app.
func (t *target) writeNginx(s *server) (asking, plain string, err error) {
	shipped, err := os.ReadFile("cmd/twostep/deploy/forward-auth/nginx.conf")
	if err != nil {
		return "", "", err
	}
	var addresses [3]string
	for i := range addresses {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		defer listener.Close()
		addresses[i] = listener.Addr().String()
	}
	asking, plain, app := addresses[0], addresses[1], addresses[2]
	site := strings.NewReplacer("443 ssl http2", asking, "127.0.0.1:8081", s.check, "127.0.0.1:3000", app).Replace(string(tlsLines.ReplaceAll(shipped, nil)))
	text := fmt.Sprintf("daemon off; worker_processes 2; pid nginx.pid; error_log nginx.log;\nevents {}\nhttp {\naccess_log off; keepalive_requests 1000000;\n"+
		"client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n%s"+
		"server { listen %s; location / { proxy_pass http://%s; proxy_http_version 1.1; proxy_set_header Connection \"\"; } }\n"+
		"server { listen %s; location / { return 200 '%s'; } }\n}\n", site, plain, app, app, strings.Repeat("x", 1000))
	return asking, plain, os.WriteFile(filepath.Join(t.folder, "nginx.conf"), []byte(text), 0o600)
}

// waitFor waits until an address accepts connections.
func waitFor(address string) error {
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
	}
	return errors.New("does not start")
}
