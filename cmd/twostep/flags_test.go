package main

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"twostep/auth"
)

// TestBadValues: a value that cannot be stops the start with one line that
// names the flag, whether it came by the flag or by the environment.
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
		"--data":               {"", file, filepath.Join(file, "data")},
		"--keys":               {"s3cret", "1:s3cret", "0:" + good[2:], good + " " + good, "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "file:", "file:" + missing, "file:" + file},
		"--mail":               {"", "log", "log:x", "file:", "file:" + missing, "file:" + folder, "s3cret", "smtp://", "smtp://ann:s3cret@", "smtp://s3cret@mail.example.org", "smtp://ann:s3cret@mail.example.org:0", "smtp://ann:s3cret@mail.example.org/x", "smtps://ann:s3cret#@mail.example.org", "webhook:https://example.org/s3cret", "twilio://SID:s3cret@example.org?from=+12025550123"},
		"--mail-from":          {"s3cret", "a@", "Ann <a@example.org>", "a@example.org,b@example.org", "a@example.org\nBcc: b@example.org"},
		"--sms":                {"", "log", "file:" + missing, "s3cret", "smtp://ann:s3cret@mail.example.org:25", "webhook:", "webhook:s3cret", "webhook:http://example.org/s3cret", "webhook:https://ann:s3cret@", "twilio:", "twilio://SID:s3cret@example.org", "twilio://SID@example.org?from=+12025550123", "twilio://SID:s3cret@example.org?from=x;s3cret"},
		"--sign-up":            {"", "yes", "Open"},
		"--session-lifetime":   {"", "0s", "-1h", "25h", "1d", "24"},
		"--session-idle":       {"", "0s", "-1m", "61m", "x"},
		"--code-lifetime":      {"", "59s", "10m1s", "0s", "-5m", "x"},
		"--password-min":       {"8", "14", "65", "-15", "x", "15.5"},
		"--factors":            {"", "sms,", "totp,passkey", "backup_code", "totp,totp"},
		"--reverify":           {"", "never", "Strict"},
		"--require-mfa":        {"maybe"},
		"--sms-budget":         {"", "0", "-1", "x"},
		"--sms-countries":      {"us", "US,", "US,XX", "Germany"},
		"--activity-kept":      {"", "1h", "x"},
		"--breached-passwords": {missing, file, folder},
		"--default-region":     {"", "us", "USA", "XX", "ZZ", "001", "U"},
		"--metrics":            {"9090", "localhost", "127.0.0.1:http", "127.0.0.1:65536", "1.2.3:80"},
		"--trusted-proxies":    {"x", "10.0.0.0/33", "10.0.0.1,", "10.0.0.0/8;::1", "fe80::1%eth0", "::ffff:10.0.0.0/104", "10.0.0"},
	}
	for flag, values := range tests {
		for _, value := range values {
			t.Run(flag+"="+value, func(t *testing.T) {
				variable := "TWOSTEP_" + strings.ToUpper(strings.ReplaceAll(flag[2:], "-", "_"))

				setUp(t)
				refused(t, flag, "serve", flag+"="+value)
				refused(t, flag, flag+"="+value)

				t.Setenv(variable, value)
				if value == "" && slices.Contains([]string{"--url", "--keys", "--trusted-proxies", "--metrics"}, flag) {
					return
				}
				refused(t, flag)
				refused(t, flag, "serve")
			})
		}
	}
}

func TestBadValues_Together(t *testing.T) {
	setUp(t)
	refused(t, "--session-idle", "--session-lifetime=30m", "--session-idle=31m")
}

func TestUnknown(t *testing.T) {
	for _, args := range [][]string{
		{"serve", "--no-such"},
		{"dance"},
		{"serve", "now"},
		{"version", "--name=x"},
		{"--no-such\nline"},
		{"--name"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			setUp(t)
			refused(t, "", args...)
		})
	}
}

// setUp puts a test into an empty folder with no variable of ours set but one:
// an address that is in use, so that a start that was not refused ends as well.
func setUp(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "TWOSTEP_") {
			t.Setenv(name, "") // restores it afterwards
			os.Unsetenv(name)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	t.Setenv("TWOSTEP_LISTEN", taken.Addr().String())
}

// refused checks for exit code 2 and for one line that names the flag and
// repeats no secret.
func refused(t *testing.T, flag string, args ...string) {
	t.Helper()
	var out, err bytes.Buffer
	if code := run(args, terminal{out: &out, err: &err}); code != 2 {
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
		t.Errorf("%q: a key file was made", args)
	}
}

func TestSettings_Defaults(t *testing.T) {
	s := mustRead(t)
	if s.listen != "127.0.0.1:8080" || s.origin != nil || s.name != "Twostep" || s.keys != nil || s.proxies != nil || !s.mail.printed() || !s.sms.printed() {
		t.Errorf("defaults are %+v", s)
	}
	if want, _ := filepath.Abs("data"); s.data != want {
		t.Errorf("data are in %q, want %q", s.data, want)
	}
	p := s.policy
	if p.Name != "Twostep" || !p.SignUpOpen || p.PasswordMin != 15 || p.Region != "US" ||
		p.CodeLifetime != 10*time.Minute || p.SessionLifetime != 24*time.Hour || p.SessionIdle != time.Hour {
		t.Errorf("the policy is %+v", p)
	}
	for _, kind := range []auth.FactorKind{auth.TOTPCode, auth.PhoneCode, auth.BackupCode} {
		if !p.Allows(kind) {
			t.Errorf("%s is off", kind)
		}
	}
}

func TestSettings_Given(t *testing.T) {
	s := mustRead(t,
		"--listen=:9000", "--name=Zwei Schritte 2️⃣", "--data=/srv/twostep", "--mail=file:mails", "--sms=file:a:b", "--sign-up=closed",
		"--session-lifetime=30m", "--session-idle=30m", "--code-lifetime=1m", "--password-min=64", "--default-region=CH",
	)
	p := s.policy
	if s.listen != ":9000" || s.data != "/srv/twostep" || s.mail.path != "mails" || s.sms.path != "a:b" || p.Name != s.name || p.SignUpOpen ||
		p.SessionLifetime != 30*time.Minute || p.SessionIdle != 30*time.Minute || p.CodeLifetime != time.Minute || p.PasswordMin != 64 || p.Region != "CH" {
		t.Errorf("read as %+v", s)
	}
}

// TestFlags_Variables: each flag has its variable, named as it is, and the flag wins.
func TestFlags_Variables(t *testing.T) {
	setUp(t)
	var f flags
	parser := kong.Must(&f)
	for _, flag := range parser.Model.Flags {
		want := "TWOSTEP_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		if flag.Name != "help" && (len(flag.Envs) != 1 || flag.Envs[0] != want) {
			t.Errorf("--%s has the variable %v, want %s", flag.Name, flag.Envs, want)
		}
	}
	t.Setenv("TWOSTEP_NAME", "Variable")
	if _, err := parser.Parse(nil); err != nil || f.Name != "Variable" {
		t.Errorf("the variable gives %q, %v", f.Name, err)
	}
	if _, err := parser.Parse([]string{"--name=Flag"}); err != nil || f.Name != "Flag" {
		t.Errorf("the flag gives %q, %v", f.Name, err)
	}
}

func TestPublicOrigin(t *testing.T) {
	for given, want := range map[string]string{
		"http://localhost:8080":          "http://localhost:8080",
		"https://accounts.example.org":   "https://accounts.example.org",
		"https://Accounts.Example.org/":  "https://accounts.example.org",
		"https://example.org:443":        "https://example.org",
		"http://example.org:80":          "http://example.org",
		"https://example.org:80":         "https://example.org:80",
		"HTTPS://example.org":            "https://example.org",
		"http://127.0.0.1:8080":          "http://127.0.0.1:8080",
		"http://[::1]:8080":              "http://[::1]:8080",
		"https://xn--bcher-kva.example/": "https://xn--bcher-kva.example",
	} {
		got, err := publicOrigin(given)
		if err != nil || got.String() != want {
			t.Errorf("%s is read as %v, %v, want %s", given, got, err, want)
		}
	}
}

func TestInTheClear(t *testing.T) {
	for given, want := range map[string]bool{
		"http://example.org":      true,
		"http://192.168.1.2:8080": true,
		"https://example.org":     false,
		"http://localhost:8080":   false,
		"http://app.localhost":    false,
		"http://127.1.2.3":        false,
		"http://[::1]:8080":       false,
	} {
		u, err := publicOrigin(given)
		if err != nil {
			t.Fatal(err)
		}
		if inTheClear(u) != want {
			t.Errorf("%s: in the clear is %v, want %v", given, !want, want)
		}
	}
}

func TestTrustedProxies(t *testing.T) {
	got := mustRead(t, "--trusted-proxies=10.1.2.3/8, 192.0.2.7,2001:db8::/32,::1,::ffff:198.51.100.1").proxies
	var want []netip.Prefix
	for _, text := range []string{"10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128", "198.51.100.1/32"} {
		want = append(want, netip.MustParsePrefix(text))
	}
	if !slices.Equal(got, want) {
		t.Errorf("read as %v, want %v", got, want)
	}
}

func TestShort(t *testing.T) {
	for given, want := range map[time.Duration]string{
		time.Hour: "1h", 24 * time.Hour: "24h", 90 * time.Minute: "1h30m", time.Minute: "1m", 10 * time.Second: "10s",
		time.Hour + time.Second: "1h0m1s", 0: "0s", -time.Hour: "-1h",
	} {
		if got := short(given); got != want {
			t.Errorf("%v is written %s, want %s", given, got, want)
		}
	}
}

func mustRead(t *testing.T, args ...string) settings {
	t.Helper()
	setUp(t)
	os.Unsetenv("TWOSTEP_LISTEN")
	var f flags
	if _, err := kong.Must(&f).Parse(args); err != nil {
		t.Fatal(err)
	}
	s, err := f.settings()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
