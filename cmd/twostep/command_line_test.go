package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/cmdtest"
)

// TestBadValues: a bad value is an error of one line that names the flag, whether
// it was given by the flag or by the environment.
func TestBadValues(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(folder, "missing", "messages")
	good := strings.Fields(auth.NewKeyring().String())[0]

	tests := map[string][]string{
		"--listen":             {"", "8080", "localhost", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1", "1.2.3:80", "a b:80", "::1:80"},
		"--url":                {"localhost", "example.org:80", "ftp://example.org", "https://", "https://ann@example.org", "https://a:s3cret@example.org", "https://example.org/app", "https://example.org?", "https://example.org#x", "https://example.org:0", "https://example.org:", "https://example.org:99999", "https://exa_mple.org", "https://bücher.example", "https:/example.org", "https://%zz", "https://1.2.3.4.5"},
		"--name":               {"", "  ", strings.Repeat("é", 65), "a\nb", "a\tb", "a\x7fb", "a\u0085b", "Two: step", "a\xffb"},
		"--accent":             {"red", "#fff", "3b49c4", "#3b49cg", "#3b49c4ff", "#3b49c4\n"},
		"--logo":               {missing, file, folder},
		"--support":            {"help@example.org", "http://example.org", "javascript:alert(1)", "https:", "https:///help", "https://user:secret@example.org", "mailto:", "mailto:help", "https://example.org/%zz"},
		"--privacy":            {"/privacy"},
		"--terms":              {"example.org/terms"},
		"--home":               {"HTTP://example.org", "data:text/html,x", "https://example.org/\nx"},
		"--data":               {"", file, filepath.Join(file, "data")},
		"--keys":               {"s3cret", "1:s3cret", "0:" + good[2:], good + " " + good, "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "file:", "file:" + missing, "file:" + file},
		"--mail":               {"", "log", "log:x", "file:", "file:" + missing, "file:" + folder, "s3cret", "smtp://", "smtp://ann:s3cret@", "smtp://s3cret@mail.example.org", "smtp://ann:s3cret@mail.example.org:0", "smtp://ann:s3cret@mail.example.org/x", "smtps://ann:s3cret#@mail.example.org", "webhook:https://example.org/s3cret", "twilio://SID:s3cret@example.org?from=+12025550123"},
		"--mail-from":          {"s3cret", "a@", "Ann <a@example.org>", "a@example.org,b@example.org", "a@example.org\nBcc: b@example.org"},
		"--sms":                {"", "log", "file:" + missing, "s3cret", "smtp://ann:s3cret@mail.example.org:25", "webhook:", "webhook:s3cret", "webhook:http://example.org/s3cret", "webhook:https://ann:s3cret@", "twilio:", "twilio://SID:s3cret@example.org", "twilio://SID@example.org?from=+12025550123", "twilio://SID:s3cret@example.org?from=x;s3cret"},
		"--sign-up":            {"", "yes", "Open", "acme.example", "@", "@acme.example,", "ann@acme.example", "@acme@example", "@acme.example;@acme.test", "open,@acme.example", "@a b"},
		"--recovery-delay":     {"", "-72h", "23h59m", "721h", "3d", "72", "off"},
		"--remember-device":    {"", "-1h", "721h", "30d", "30"},
		"--session-lifetime":   {"", "0s", "-1h", "25h", "1d", "24"},
		"--session-idle":       {"", "0s", "-1m", "61m", "x"},
		"--code-lifetime":      {"", "59s", "10m1s", "0s", "-5m", "x"},
		"--password-min":       {"8", "14", "65", "-15", "x", "15.5"},
		"--factors":            {"", "sms,", "totp,webauthn", "backup_code", "totp,totp"},
		"--reverify":           {"", "never", "Strict"},
		"--require-mfa":        {"maybe"},
		"--sms-budget":         {"", "0", "-1", "x"},
		"--sms-countries":      {"us", "US,", "US,XX", "Germany"},
		"--activity-retention": {"", "1h", "x"},
		"--breached-passwords": {missing, file, folder},
		"--default-region":     {"", "us", "USA", "XX", "ZZ", "001", "U"},
		"--forward-auth":       {"8081", "127.0.0.1:8081"},
		"--access-rules":       {missing, file, folder},
		"--metrics":            {"9090", "localhost", "127.0.0.1:http", "127.0.0.1:65536", "1.2.3:80"},
		"--trusted-proxies":    {"x", "10.0.0.0/33", "10.0.0.1,", "10.0.0.0/8;::1", "fe80::1%eth0", "::ffff:10.0.0.0/104", "10.0.0"},
	}
	for flag, values := range tests {
		for _, value := range values {
			t.Run(flag+"="+value, func(t *testing.T) {
				variable := "TWOSTEP_" + strings.ToUpper(strings.ReplaceAll(flag[2:], "-", "_"))

				isolate(t)
				wantUsageError(t, flag, "serve", flag+"="+value)
				wantUsageError(t, flag, flag+"="+value)

				t.Setenv(variable, value)
				if value == "" && slices.Contains([]string{"--url", "--keys", "--trusted-proxies", "--metrics"}, flag) {
					return
				}
				wantUsageError(t, flag)
				wantUsageError(t, flag, "serve")
			})
		}
	}
}

func TestBadValues_Together(t *testing.T) {
	isolate(t)
	wantUsageError(t, "--session-idle", "--session-lifetime=30m", "--session-idle=31m")
}

func TestUnknownFlags(t *testing.T) {
	for _, args := range [][]string{
		{"serve", "--no-such"},
		{"nosuch"},
		{"serve", "now"},
		{"version", "--name=x"},
		{"--no-such\nline"},
		{"--name"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			isolate(t)
			wantUsageError(t, "", args...)
		})
	}
}

// isolate also occupies the address to listen on, so that a start that is not
// refused ends as well.
func isolate(t *testing.T) {
	t.Helper()
	cmdtest.Isolate(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	t.Setenv("TWOSTEP_LISTEN", taken.Addr().String())
}

// wantUsageError checks for exit code 2 and for one line that names the flag and
// quotes no secret.
func wantUsageError(t *testing.T, flag string, args ...string) {
	t.Helper()
	var out, err bytes.Buffer
	if code := cli.Run(new(commands), args, cli.Streams{Out: &out, Err: &err}); code != 2 {
		t.Errorf("%q: exit code %d, want 2", args, code)
	}
	text := err.String()
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") || !strings.Contains(text, flag) {
		t.Errorf("%q: printed %q, want one line naming %s", args, text, flag)
	}
	if strings.Contains(text, "s3cret") {
		t.Errorf("%q: a secret was printed: %q", args, text)
	}
	if out.Len() > 0 {
		t.Errorf("%q: printed to standard output: %q", args, out.String())
	}
	if _, err := os.Stat(filepath.Join("data", keyFile)); err == nil {
		t.Errorf("%q: a key file was created", args)
	}
}
