package apps

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"twostep/auth"
	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/cmdtest"
)

// run runs a command and returns its exit code and output.
func run(args ...string) (code int, output string) {
	var out, err bytes.Buffer
	code = cli.Run(new(Command), args, cli.Streams{Out: &out, Err: &err})
	return code, out.String() + err.String()
}

// addApp registers an app and returns its client ID and secret.
func addApp(t *testing.T, args ...string) (id, secret string) {
	t.Helper()
	code, output := run(append([]string{"add", "--json"}, args...)...)
	var added struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		Issuer       string
		Discovery    string
	}
	if err := json.Unmarshal([]byte(output), &added); code != 0 || err != nil || added.Discovery != added.Issuer+"/.well-known/openid-configuration" {
		t.Fatalf("app add %q: exit code %d and %s", args, code, output)
	}
	return added.ClientID, added.ClientSecret
}

// TestApp runs the commands one after the other. "check" says what is wrong with a request
// (OI-53).
func TestApp(t *testing.T) {
	cmdtest.Isolate(t)
	cmdtest.CreateData(t, "")
	want := func(wantCode int, part string, args ...string) {
		t.Helper()
		code, output := run(args...)
		if code != wantCode || !strings.Contains(output, part) || code != 0 && strings.Count(output, "\n") != 1 {
			t.Errorf("app %s: exit code %d and %q, want %d and %q", strings.Join(args, " "), code, output, wantCode, part)
		}
	}
	const callback = "--redirect=https://wiki.example.org/callback"
	id, secret := addApp(t, "Wiki", "--kind=web", callback, "--redirect=https://wiki.example.org/other", "--url=https://id.example.org", "--trusted", "--group=ops,staff")
	if len(secret) != auth.AppSecretLength {
		t.Errorf("the secret is %q", secret)
	}
	native, none := addApp(t, "Notes", "--kind=native", "--redirect=com.example.notes:/callback")
	if none != "" {
		t.Error("a native app has a secret")
	}
	want(1, "only a web app has a secret", "secret", native)
	want(0, "http://localhost:9000", "add", "Shop", "--kind=spa", "--redirect=http://localhost:3000/", "--listen=127.0.0.1:9000")
	want(2, "--kind", "add", "Shop", callback)
	want(1, "redirect URI is needed", "add", "Shop", "--kind=web")
	want(1, "must not have a fragment", "add", "Shop", "--kind=web", callback+"#x")
	want(1, "only a web app", "add", "Shop", "--kind=spa", callback, "--without-pkce")
	want(1, "only a web app", "add", "Shop", "--kind=native", callback, "--trusted")
	want(1, "the name must have", "add", "Shop\u202e", "--kind=web", callback)
	want(0, "Wiki", "list")
	want(0, `"groups":["ops","staff"]`, "show", id, "--json")
	want(0, "trusted", "show", id)
	want(1, "no app with the client ID", "show", "unknown")
	want(1, "no flag says", "set", id)
	want(0, "was changed", "set", id, "--no-trusted", "--group=", "--name=Team wiki", "--require-par", "--refresh-idle=1h", "--alg=ES256")
	want(0, `"name":"Team wiki","kind":"web","state":"active"`, "show", id, "--json")
	want(0, `"alg":"ES256","groups":[],"trusted":false,"require_mfa":false,"require_par":true`, "show", id, "--json")
	want(0, `"refresh_idle":"1h","refresh_lifetime":"2160h","secrets":1`, "show", id, "--json")
	want(0, `"redirect_uris":["https://wiki.example.org/callback","https://wiki.example.org/other"]`, "show", id, "--json")
	want(1, "idle", "set", id, "--refresh-lifetime=59m")
	want(0, "was changed", "set", id, "--refresh-lifetime=1h")
	const request = "https://id.example.org/oauth/authorize?response_type=code&scope=openid&redirect_uri=https://wiki.example.org/callback&client_id="
	const pkce = "&code_challenge_method=S256&code_challenge=vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
	want(0, "was changed", "set", id, "--no-require-par")
	want(0, "is valid", "check", id, request+id+pkce)
	want(1, "requires PKCE", "check", id, request+id)
	want(1, "client_id is missing or of another app", "check", id, request+"x"+pkce)
	want(1, "redirect_uri is not registered", "check", id, "https://id.example.org/oauth/authorize?redirect_uri=https://x.example/&client_id="+id)
	want(1, "must be /oauth/authorize", "check", id, "https://id.example.org/authorize")
	want(1, "not one of a web page", "check", id, "nonsense")
	want(0, "client secret", "secret", id)
	want(0, `"secrets":2`, "show", id, "--json")
	want(0, "the previous secret of Team wiki has ended", "secret", id, "--end-previous")
	want(0, `"secrets":1`, "show", id, "--json")
	want(0, "client secret", "secret", id, "--end-previous")
	want(0, `"secrets":1`, "show", id, "--json")
	want(0, "is disabled", "disable", id)
	want(1, "already disabled", "disable", id)
	want(0, `"state":"disabled"`, "list", "--json")
	want(0, `"state":"active"`, "enable", id, "--json")
	want(0, `"state":"removed"`, "remove", id, "--json")
	want(1, "no app", "remove", id)
	want(2, "--data", "list", "--data=nowhere")

	// Each act is in the audit log, once.
	cmdtest.WithRules(t, func(rules *auth.Rules) {
		audit, err := rules.Audit(t.Context(), auth.AuditQuery{Actor: auth.CommandActor})
		if err != nil {
			t.Fatal(err)
		}
		got := map[auth.EventType]int{}
		for _, e := range audit.Entries {
			if got[e.Type]++; strings.Contains(e.Name, secret) {
				t.Errorf("an event has the secret: %+v", e)
			}
		}
		if want := map[auth.EventType]int{
			auth.OperatorAddedApp: 3, auth.OperatorChangedApp: 3, auth.OperatorAddedSecret: 1, auth.OperatorEndedSecret: 1, auth.OperatorReplacedSecret: 1,
			auth.OperatorDisabledApp: 1, auth.OperatorEnabledApp: 1, auth.OperatorRemovedApp: 1,
		}; !maps.Equal(got, want) {
			t.Errorf("events: %v, want %v", got, want)
		}
	})
}

// TestSigningKeys: a rotation waits a day, in which there is no second one (OI-31).
func TestSigningKeys(t *testing.T) {
	cmdtest.Isolate(t)
	cmdtest.CreateData(t, "")
	want := func(wantCode int, part string, args ...string) {
		t.Helper()
		var out, err bytes.Buffer
		code := cli.Run(new(SigningKeys), args, cli.Streams{Out: &out, Err: &err})
		if output := out.String() + err.String(); code != wantCode || !strings.Contains(output, part) {
			t.Errorf("signing-keys %q: exit code %d and %q, want %d and %q", args, code, output, wantCode, part)
		}
	}
	want(0, "KEY ID", "list")
	want(0, "they sign in 24h", "rotate")
	want(0, "waiting", "list")
	want(0, `"state":"signing"`, "list", "--json")
	want(1, "waiting to sign already", "rotate")
}
