package testmessage

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"twostep/cmd/twostep/internal/cli"
	"twostep/cmd/twostep/internal/cmdtest"
)

func TestMain(m *testing.M) { os.Exit(cmdtest.Main(m)) }

// TestTestMessage: where a test message goes, and what is printed about it.
func TestTestMessage(t *testing.T) {
	cmdtest.Isolate(t)
	status, received := http.StatusNoContent, ""
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		received = string(body)
		w.WriteHeader(status)
	}))
	defer receiver.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	want := func(wantCode int, part string, args ...string) {
		t.Helper()
		var commands struct {
			Mail Mail `cmd:""`
			SMS  SMS  `cmd:"" name:"sms"`
		}
		var out bytes.Buffer
		code := cli.Run(&commands, args, cli.Streams{Out: &out, Err: &out})
		if code != wantCode || !strings.Contains(out.String(), part) {
			t.Errorf("%s: exit code %d and %q, want %d and %q", strings.Join(args, " "), code, out.String(), wantCode, part)
		}
	}
	want(0, "test message from Acme", "mail", "test", "ann@example.org", "--name=Acme")
	want(0, "Not sent: --mail=log:", "mail", "test", "ann@example.org")
	want(0, "Written to mails", "mail", "test", "ann@example.org", "--mail=file:mails")
	if mails := cmdtest.ReadFile(t, "mails"); !strings.Contains(mails, `"to":"ann@example.org"`) {
		t.Errorf("the file holds %s", mails)
	}
	want(1, "not sent: mail server "+closed.Addr().String(), "mail", "test", "ann@example.org", "--mail=smtp://"+closed.Addr().String())
	want(1, "is not an email address", "mail", "test", "ann")
	want(1, "is not a phone number", "sms", "test", "12")
	want(2, "--sms", "sms", "test", "+41446681800", "--sms=nonsense")

	webhook := "--sms=webhook:" + receiver.URL
	want(2, "--data", "sms", "test", "+41446681800", webhook)
	if _, err := os.Stat("data"); err == nil {
		t.Error("a folder was created for the keys of the webhook")
	}
	cmdtest.CreateData(t, "")
	want(0, receiver.Listener.Addr().String()+" accepted the message (webhook)", "sms", "test", "044 668 18 00", "--default-region=CH", webhook)
	if !strings.Contains(received, `"to":"+41446681800"`) || !strings.Contains(received, "test message") {
		t.Errorf("the webhook received %s", received)
	}
	status = http.StatusBadRequest
	want(1, "would not retry: webhook", "sms", "test", "+41446681800", webhook)
}
