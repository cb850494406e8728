package settings

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twostep/auth"
	"twostep/cmd/twostep/courier"
)

func openCourier[C courier.Courier](t *testing.T, c Courier) C {
	t.Helper()
	opened, err := c.Open(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	result, ok := opened.(C)
	if !ok {
		t.Fatalf("the courier is a %T", opened)
	}
	return result
}

func TestCouriers_Printed(t *testing.T) {
	for value, want := range map[string]bool{"log:": true, "file:log:": false, "smtp://localhost:25": false} {
		if got := mustParse(t, "--mail="+value).Mail.Prints(); got != want {
			t.Errorf("%s: prints is %v, want %v", value, got, want)
		}
	}
}

func TestCouriers_Mail(t *testing.T) {
	tests := map[string]struct {
		args       []string
		from, site string
	}{
		"defaults":   {[]string{"--mail=smtp://localhost:25"}, "no-reply@localhost", "localhost"},
		"from --url": {[]string{"--mail=smtps://ann:x@mail.example.org", "--url=https://id.example.org:8443"}, "no-reply@id.example.org", "id.example.org"},
		"given":      {[]string{"--mail=smtps://ann:x@mail.example.org", "--url=https://id.example.org", "--mail-from=id@example.org"}, "id@example.org", "id.example.org"},
		"IP address": {[]string{"--mail=smtp://localhost:25", "--url=http://192.0.2.1:80"}, "no-reply@[192.0.2.1]", "192.0.2.1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := openCourier[*courier.SMTP](t, mustParse(t, append(test.args, "--name=Zwei Schritte")...).Mail)
			if c.From.Address != test.from || c.From.Name != "Zwei Schritte" || c.Site != test.site {
				t.Errorf("the sender is %v and the site %s, want %s and %s", c.From, c.Site, test.from, test.site)
			}
		})
	}
}

func TestCouriers_Twilio(t *testing.T) {
	s := mustParse(t, "--sms=twilio://SID:TOKEN@sms.example.org?from=+12025550123")
	if c := openCourier[*courier.Twilio](t, s.SMS); c.Origin != "https://sms.example.org" || c.From != "+12025550123" || s.SMS.Signs() {
		t.Errorf("parsed as %+v", c)
	}
}

// TestCouriers_WebhookKey: the newest key is in a private file for the receiver. It
// is derived from the keyring, not part of it, and requests are signed with older
// keys too.
func TestCouriers_WebhookKey(t *testing.T) {
	var signature string
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		signature = r.Header.Get(courier.SignatureHeader)
	}))
	defer receiver.Close()
	folder := t.TempDir()
	path := filepath.Join(folder, "webhook-key")
	open := func(keys auth.Keyring) (line string) {
		t.Helper()
		s := mustParse(t, "--sms=webhook:"+receiver.URL, "--data="+folder, "--keys="+keys.String())
		if !s.SMS.Signs() {
			t.Error("serve would not print the path of the key")
		}
		hook := openCourier[*courier.Webhook](t, s.SMS)
		if err := hook.Send(t.Context(), courier.Message{Channel: "sms"}); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, want 0600", info.Mode().Perm())
		}
		return string(content)
	}

	one := auth.NewKeyring()
	line := open(one)
	key, err := hex.DecodeString(strings.TrimSuffix(line, "\n"))
	if _, want := one.Newest(auth.KeyWebhook); err != nil || !bytes.Equal(key, want) {
		t.Errorf("the file contains %q, %v", line, err)
	}
	if strings.Count(signature, "v1=") != 1 {
		t.Errorf("signed %s", signature)
	}
	if open(one) != line {
		t.Error("a second start wrote another key")
	}

	two, err := auth.ParseKeyring("2:" + strings.TrimPrefix(auth.NewKeyring().String(), "1:") + one.String())
	if err != nil {
		t.Fatal(err)
	}
	if open(two) == line {
		t.Error("the file still contains the older key")
	}
	if strings.Count(signature, "v1=") != 2 {
		t.Errorf("signed %s", signature)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 1 {
		t.Errorf("the folder contains %v, %v", left, err)
	}
}

func TestCouriers_WebhookWithoutItsKeys(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "twostep.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustParse(t, "--sms=webhook:https://example.org/s3cret", "--data="+folder)
	if _, err := s.SMS.Open(io.Discard); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("opened with %v", err)
	}
}
