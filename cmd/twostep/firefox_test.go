package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"twostep/cmd/twostep/internal/cmdtest"
)

// A firefoxWindow speaks Marionette, Firefox's own protocol for remote control: JSON with
// its length in front. Commands are those of WebDriver.
type firefoxWindow struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
	id   *int
}

// startFirefox starts Firefox with scripts disabled. It reaches hosts through a forward proxy.
func startFirefox(t *testing.T, network string) window {
	t.Helper()
	host, port, _ := net.SplitHostPort(network)
	return launchFirefox(t, map[string]string{
		"javascript.enabled": "false", "network.proxy.type": "1", "network.proxy.ssl": strconv.Quote(host), "network.proxy.ssl_port": port,
	})
}

// launchFirefox starts Firefox with some preferences.
func launchFirefox(t *testing.T, preferences map[string]string) firefoxWindow {
	t.Helper()
	program, err := exec.LookPath("firefox-esr")
	if err != nil {
		t.Fatal("there is no firefox-esr; run .ci/firefox")
	}
	profile := t.TempDir()
	preferences = maps.Clone(preferences)
	maps.Copy(preferences, map[string]string{
		"marionette.port": "0", "toolkit.telemetry.enabled": "false", "datareporting.policy.dataSubmissionEnabled": "false", "network.captive-portal-service.enabled": "false",
	})
	var lines strings.Builder
	for name, value := range preferences {
		fmt.Fprintf(&lines, "user_pref(%q, %s);\n", name, value)
	}
	cmdtest.WriteFile(t, filepath.Join(profile, "user.js"), lines.String())
	cmd := exec.Command(program, "--headless", "--marionette", "--no-remote", "--profile", profile)
	cmd.Env = append(os.Environ(), "HOME="+profile)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var address []byte
	for end := time.Now().Add(time.Minute); len(address) == 0; time.Sleep(50 * time.Millisecond) {
		if address, _ = os.ReadFile(filepath.Join(profile, "MarionetteActivePort")); time.Now().After(end) {
			t.Fatal("firefox does not start")
		}
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+string(address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	w := firefoxWindow{t, conn, bufio.NewReader(conn), new(int)}
	if _, err := w.read(); err != nil { // says what it is
		t.Fatal(err)
	}
	w.must("WebDriver:NewSession", map[string]any{"acceptInsecureCerts": true})
	return w
}

func (w firefoxWindow) read() (message []byte, err error) {
	length, err := w.r.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
	if err != nil {
		return nil, err
	}
	message = make([]byte, n)
	_, err = io.ReadFull(w.r, message)
	return message, err
}

// call sends a command and returns its result.
func (w firefoxWindow) call(command string, params map[string]any) (json.RawMessage, error) {
	w.t.Helper()
	*w.id++
	message, err := json.Marshal([]any{0, *w.id, command, params})
	if err == nil {
		_, err = fmt.Fprintf(w.conn, "%d:%s", len(message), message)
	}
	if err == nil {
		message, err = w.read()
	}
	var response [4]json.RawMessage // type, id, error, result
	if err == nil {
		err = json.Unmarshal(message, &response)
	}
	if err != nil {
		w.t.Fatalf("%s: %v", command, err)
	}
	if string(response[2]) != "null" {
		return nil, fmt.Errorf("%s: %s", command, response[2])
	}
	return response[3], nil
}

func (w firefoxWindow) must(command string, params map[string]any) json.RawMessage {
	w.t.Helper()
	result, err := w.call(command, params)
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

// find returns the parameters of commands about an element, or nil.
func (w firefoxWindow) find(using, value string) map[string]any {
	w.t.Helper()
	result, err := w.call("WebDriver:FindElement", map[string]any{"using": using, "value": value})
	var found struct{ Value map[string]string }
	if err != nil || json.Unmarshal(result, &found) != nil {
		return nil
	}
	for _, id := range found.Value {
		return map[string]any{"id": id}
	}
	return nil
}

func (w firefoxWindow) value(result json.RawMessage, err error) string {
	var got struct{ Value string }
	if err != nil || json.Unmarshal(result, &got) != nil {
		return ""
	}
	return got.Value
}

func (w firefoxWindow) open(url string) {
	w.t.Helper()
	w.must("WebDriver:Navigate", map[string]any{"url": url})
}

func (w firefoxWindow) url() string { return w.value(w.call("WebDriver:GetCurrentURL", nil)) }

func (w firefoxWindow) text(selector string) string {
	element := w.find("css selector", selector)
	if element == nil {
		return ""
	}
	return w.value(w.call("WebDriver:GetElementText", element))
}

func (w firefoxWindow) fill(xpath, value string) bool {
	element := w.find("xpath", xpath)
	if element == nil {
		return false
	}
	if _, err := w.call("WebDriver:ElementClear", element); err != nil {
		return false
	}
	element["text"] = value
	_, err := w.call("WebDriver:ElementSendKeys", element)
	return err == nil
}

func (w firefoxWindow) click(xpath string) bool {
	element := w.find("xpath", xpath)
	if element == nil {
		return false
	}
	_, err := w.call("WebDriver:ElementClick", element)
	return err == nil
}

func (w firefoxWindow) cookies() string {
	var all []struct{ Name, Value string }
	if err := json.Unmarshal(w.must("WebDriver:GetCookies", nil), &all); err != nil {
		w.t.Fatal(err)
	}
	var pairs []string
	for _, c := range all {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}
