package policy

import (
	"bytes"
	"strings"
	"testing"

	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/cmdtest"
)

func TestSettings(t *testing.T) {
	cmdtest.Isolate(t)
	cmdtest.CreateData(t, "")
	want := func(wantCode int, part string, args ...string) {
		t.Helper()
		var out, err bytes.Buffer
		code := cli.Run(new(Command), args, cli.Streams{Out: &out, Err: &err})
		output := strings.Join(strings.Fields(out.String()+err.String()), " ")
		if code != wantCode || !strings.Contains(output, part) {
			t.Errorf("settings %s: exit code %d and %q, want %d and %q", strings.Join(args, " "), code, output, wantCode, part)
		}
	}
	want(0, "require-mfa off on off sign-up open open closed reverify strict strict_mfa strict moderate lax", "list")
	want(0, "require-mfa is on", "set", "require-mfa", "on")
	want(0, "sign-up is closed", "set", "sign-up", "closed")
	want(0, "require-mfa on on off sign-up closed", "list")
	want(0, "sign-up is open", "set", "sign-up", "open")
	want(0, "require-mfa on on off sign-up open", "list")
	want(1, `"yes" is not a value of require-mfa: give on, off`, "set", "require-mfa", "yes")
	want(1, `there is no setting "name"`, "set", "name", "Acme")
	want(0, "passkey off on off --url", "list", "--url=http://id.example.org")
	want(1, "passkey is set by --url", "set", "passkey", "on", "--url=http://id.example.org")
	want(0, "totp is off", "set", "totp", "off")
	want(1, "no second factor would be left", "set", "sms", "off", "--url=http://id.example.org")
	want(0, "passkey is off", "set", "passkey", "off")
	want(1, "no second factor would be left", "set", "sms", "off")
	want(0, "sms on on off", "list")

	want(1, "sign-up is set by --sign-up, which is given here", "set", "sign-up", "closed", "--sign-up=open")
	want(0, "sign-up closed open closed --sign-up", "list", "--sign-up=closed")
	t.Setenv("TWOSTEP_REQUIRE_MFA", "false")
	want(0, "require-mfa off on off --require-mfa", "list")
	want(1, "require-mfa is set by --require-mfa", "set", "require-mfa", "on")
	want(2, "--factors", "list", "--factors=pigeon")
}
