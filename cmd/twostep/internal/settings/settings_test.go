package settings

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cmdtest"
)

func TestSettings_Defaults(t *testing.T) {
	s := mustParse(t)
	if s.Listen != "127.0.0.1:8080" || s.Origin != nil || s.Name != "Twostep" || s.Keys != nil || s.Proxies != nil || !s.Mail.Prints() || !s.SMS.Prints() {
		t.Errorf("defaults are %+v", s)
	}
	if want, _ := filepath.Abs("data"); s.Path != want {
		t.Errorf("the data folder is %q, want %q", s.Path, want)
	}
	p := s.Policy
	if p.Name != "Twostep" || !p.SignUpOpen || p.PasswordMin != 15 || p.Region != "US" ||
		p.CodeLifetime != 10*time.Minute || p.SessionLifetime != 24*time.Hour || p.RememberDevice != 0 || p.RecoveryDelay != 0 || p.SessionIdle != time.Hour {
		t.Errorf("the policy is %+v", p)
	}
	for _, kind := range []auth.FactorKind{auth.TOTPCode, auth.PhoneCode, auth.BackupCode} {
		if !p.Allows(kind) {
			t.Errorf("%s is disabled", kind)
		}
	}
}

func TestSettings_Given(t *testing.T) {
	s := mustParse(t,
		"--listen=:9000", "--name=Zwei Schritte 2️⃣", "--data=/srv/twostep", "--mail=file:mails", "--sms=file:a:b", "--sign-up=closed",
		"--session-lifetime=30m", "--session-idle=30m", "--remember-device=720h", "--recovery-delay=720h", "--code-lifetime=1m", "--password-min=64", "--default-region=CH",
	)
	p := s.Policy
	if s.Listen != ":9000" || s.Path != "/srv/twostep" || s.Mail.Path != "mails" || s.SMS.Path != "a:b" || p.Name != s.Name || p.SignUpOpen ||
		p.SessionLifetime != 30*time.Minute || p.RememberDevice != 720*time.Hour || p.RecoveryDelay != 720*time.Hour || p.SessionIdle != 30*time.Minute || p.CodeLifetime != time.Minute || p.PasswordMin != 64 || p.Region != "CH" {
		t.Errorf("parsed as %+v", s)
	}
}

// TestSettings_SignUp: the values of --sign-up.
func TestSettings_SignUp(t *testing.T) {
	for value, want := range map[string]struct {
		open    bool
		domains string
	}{
		"open": {true, ""}, "closed": {false, ""}, "@acme.example": {true, "acme.example"},
		"@Acme.Example, @bücher.example": {true, "acme.example xn--bcher-kva.example"},
	} {
		p := mustParse(t, "--sign-up="+value).Policy
		if got := strings.Join(p.SignUpDomains, " "); p.SignUpOpen != want.open || got != want.domains {
			t.Errorf("%s: open is %v, and the domains are %q", value, p.SignUpOpen, got)
		}
	}
}

// TestFlags_Variables: each flag has a variable of the same name, and overrides it.
func TestFlags_Variables(t *testing.T) {
	cmdtest.Isolate(t)
	var f Flags
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

func TestParseOrigin(t *testing.T) {
	for value, want := range map[string]string{
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
		got, err := parseOrigin(value)
		if err != nil || got.String() != want {
			t.Errorf("%s is parsed as %v, %v, want %s", value, got, err, want)
		}
	}
}

func TestUnencrypted(t *testing.T) {
	for value, want := range map[string]bool{
		"http://example.org":      true,
		"http://192.168.1.2:8080": true,
		"https://example.org":     false,
		"http://localhost:8080":   false,
		"http://app.localhost":    false,
		"http://127.1.2.3":        false,
		"http://[::1]:8080":       false,
	} {
		u, err := parseOrigin(value)
		if err != nil {
			t.Fatal(err)
		}
		if Unencrypted(u) != want {
			t.Errorf("%s: unencrypted is %v, want %v", value, !want, want)
		}
	}
}

func TestParseProxies(t *testing.T) {
	got := mustParse(t, "--trusted-proxies=10.1.2.3/8, 192.0.2.7,2001:db8::/32,::1,::ffff:198.51.100.1").Proxies
	var want []netip.Prefix
	for _, text := range []string{"10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128", "198.51.100.1/32"} {
		want = append(want, netip.MustParsePrefix(text))
	}
	if !slices.Equal(got, want) {
		t.Errorf("parsed as %v, want %v", got, want)
	}
}

func mustParse(t *testing.T, args ...string) Settings {
	t.Helper()
	cmdtest.Isolate(t)
	var f Flags
	if _, err := kong.Must(&f).Parse(args); err != nil {
		t.Fatal(err)
	}
	s, err := f.Parse()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
