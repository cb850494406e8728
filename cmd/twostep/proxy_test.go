package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"twostep/cmd/twostep/internal/cmdtest"
)

// A testProxy is one of the proxies whose configuration is shipped.
type testProxy struct {
	t       *testing.T
	name    string
	address string
	check   string // address of the check
	app     string // address of the app
	site    string // address of the site, if the proxy is in front of that, too
	folder  string
}

// proxies start each proxy with its shipped configuration, changed only in addresses,
// certificates and where it writes.
var proxies = map[string]func(p testProxy) *exec.Cmd{
	"nginx": func(p testProxy) *exec.Cmd {
		site := p.config("nginx.conf", "443 ssl http2", p.address)
		site = regexp.MustCompile(`(?m)^\s*ssl_.*\n`).ReplaceAllString(site, "")
		p.write("nginx.conf", nginxFrame(site))
		return exec.Command("nginx", "-p", p.folder, "-c", filepath.Join(p.folder, "nginx.conf"))
	},
	"caddy": func(p testProxy) *exec.Cmd {
		_, port, _ := net.SplitHostPort(p.address)
		site := p.config("Caddyfile", "wiki.example.org {", "http://wiki.example.org:"+port+" {\n\tbind 127.0.0.1")
		return p.caddy(site)
	},
	"traefik": nil, // see startTraefik
	"haproxy": func(p testProxy) *exec.Cmd {
		p.write("twostep.lua", p.config("haproxy.lua", "", ""))
		site := p.config("haproxy.cfg", "bind :443 ssl crt /etc/ssl/wiki.example.org.pem", "bind "+p.address)
		p.write("haproxy.cfg", strings.ReplaceAll(site, "/etc/haproxy/", p.folder+"/"))
		return exec.Command("haproxy", "-db", "-f", "haproxy.cfg")
	},
}

// config returns a shipped file with the addresses of the test.
func (p testProxy) config(name, old, replacement string) string {
	p.t.Helper()
	text := cmdtest.ReadFile(p.t, filepath.Join("deploy", "forward-auth", name))
	if !strings.Contains(text, old) {
		p.t.Fatalf("%s lacks %q", name, old)
	}
	if old != "" {
		text = strings.Replace(text, old, replacement, 1)
	}
	return strings.NewReplacer("127.0.0.1:8081", p.check, "127.0.0.1:3000", p.app).Replace(text)
}

func (p testProxy) write(name, text string) {
	cmdtest.WriteFile(p.t, filepath.Join(p.folder, name), text)
}

// nginxFrame is what surrounds the files of /etc/nginx/conf.d.
func nginxFrame(files string) string {
	return "daemon off; master_process off; pid nginx.pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n" +
		"client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n" + files + "}\n"
}

func (p testProxy) caddy(sites string) *exec.Cmd {
	p.write("Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n"+sites)
	cmd := exec.Command("caddy", "run", "--config", "Caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+p.folder, "XDG_DATA_HOME="+p.folder, "XDG_CONFIG_HOME="+p.folder)
	return cmd
}

// start starts the proxy and waits until it accepts connections.
func (p *testProxy) start(command func(testProxy) *exec.Cmd) {
	p.t.Helper()
	if p.name == "traefik" {
		p.address = startTraefik(p.t, p.check, p.app)
		return
	}
	if _, err := exec.LookPath(p.name); err != nil {
		if _, err := os.Stat("/usr/sbin/" + p.name); err != nil {
			if os.Getenv("CI") == "true" {
				p.t.Fatal(err)
			}
			p.t.Skip(p.name + " is not installed; make proxies installs it")
		}
	}
	cmd := command(*p)
	if cmd.Err != nil { // not in the path of unprivileged users
		cmd.Path, cmd.Err = "/usr/sbin/"+p.name, nil
	}
	cmd.Dir = p.folder
	output := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if p.t.Failed() {
			p.t.Logf("%s printed %s", p.name, output)
		}
	})
	for {
		select {
		case <-ended:
			p.t.Fatalf("%s ended: %s", p.name, output)
		case <-time.After(20 * time.Millisecond):
		}
		if conn, err := net.Dial("tcp", p.address); err == nil {
			conn.Close()
			return
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
