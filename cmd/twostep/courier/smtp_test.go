package courier_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	netmail "net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"twostep/cmd/twostep/courier"
)

var mail = courier.Message{
	Channel: "email", To: "bob@example.com", Subject: "Your Zwei Schritte code",
	Body:   "Your code is 123456\n\nUntil 3:14.\n",
	SentAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
}

// carrier reads a way to the server as an operator gives it. The scheme alone
// or with a user decides what is demanded.
func (s *mailServer) carrier(t *testing.T, scheme, user string) *courier.SMTP {
	t.Helper()
	carrier, err := courier.ParseSMTP(scheme + "://" + user + "127.0.0.1:" + strconv.Itoa(s.port))
	if err != nil {
		t.Fatal(err)
	}
	carrier.From = netmail.Address{Name: `Zwei "Schritte" é`, Address: "no-reply@example.org"}
	carrier.Site = "id.example.org"
	carrier.RootCAs = s.roots
	return carrier
}

var credentials = url.UserPassword(mailUser, mailPassword).String() + "@"

func TestSMTP_Delivers(t *testing.T) {
	tests := map[string]struct {
		server       *mailServer
		scheme, user string
		says         []string // the beginnings of what the server is told
	}{
		"plain to this machine": {
			&mailServer{}, "smtp", "",
			[]string{"EHLO id.example.org", "MAIL FROM:<no-reply@example.org>", "RCPT TO:<bob@example.com>", "DATA", "QUIT"},
		},
		"STARTTLS and PLAIN": {
			&mailServer{startTLS: true, auth: "LOGIN PLAIN"}, "smtp", credentials,
			[]string{"EHLO", "STARTTLS", "EHLO", "AUTH PLAIN", "MAIL", "RCPT", "DATA", "QUIT"},
		},
		"STARTTLS and LOGIN": {
			&mailServer{startTLS: true, auth: "LOGIN"}, "smtp", credentials,
			[]string{"EHLO", "STARTTLS", "EHLO", "AUTH LOGIN", "MAIL", "RCPT", "DATA", "QUIT"},
		},
		"TLS from the first byte": {
			&mailServer{implicit: true, auth: "PLAIN"}, "smtps", credentials,
			[]string{"EHLO", "AUTH PLAIN", "MAIL", "RCPT", "DATA", "QUIT"},
		},
		"TLS without a password": {
			&mailServer{implicit: true}, "smtps", "",
			[]string{"EHLO", "MAIL", "RCPT", "DATA", "QUIT"},
		},
		"a goodbye without an answer": {
			&mailServer{silentAt: "QUIT"}, "smtp", "",
			[]string{"EHLO", "MAIL", "RCPT", "DATA", "QUIT"},
		},
		"a goodbye with a wrong answer": {
			&mailServer{answers: map[string]string{"QUIT": "421 4.3.2 going down"}}, "smtp", "",
			[]string{"EHLO", "MAIL", "RCPT", "DATA", "QUIT"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := startMailServer(t, test.server, "127.0.0.1")
			if err := server.carrier(t, test.scheme, test.user).Send(t.Context(), mail); err != nil {
				t.Fatal(err)
			}
			told, mails := server.heard()
			if !slices.EqualFunc(told, test.says, strings.HasPrefix) {
				t.Errorf("the server was told %q, want %q", told, test.says)
			}
			if len(mails) != 1 || !bytes.Contains(mails[0], []byte("123456")) {
				t.Errorf("the server has the mails %q", mails)
			}
		})
	}
}

// TestSMTP_Refuses: what did not go is an error that says where it failed and
// repeats neither the recipient, nor the code, nor the password.
func TestSMTP_Refuses(t *testing.T) {
	tests := map[string]struct {
		server       *mailServer
		scheme, user string
		names        string // on its certificate
		want         string
		permanent    bool
	}{
		"no STARTTLS with a password":  {&mailServer{auth: "PLAIN"}, "smtp", credentials, "127.0.0.1", "does not offer STARTTLS", false},
		"STARTTLS refused":             {&mailServer{startTLS: true, answers: map[string]string{"STARTTLS": "454 4.7.0 not now"}}, "smtp", credentials, "127.0.0.1", "answered 454 4.7.0 to STARTTLS", false},
		"certificate of somebody else": {&mailServer{startTLS: true, auth: "PLAIN"}, "smtp", credentials, "mail.example.org", "certificate", false},
		"the same from the first byte": {&mailServer{implicit: true, auth: "PLAIN"}, "smtps", credentials, "mail.example.org", "certificate", false},
		"no TLS where TLS is expected": {&mailServer{}, "smtps", "", "127.0.0.1", "does not speak TLS", false},
		"wrong password":               {&mailServer{startTLS: true, auth: "PLAIN"}, "smtp", url.UserPassword(mailUser, "0therS3cret").String() + "@", "127.0.0.1", "answered 535 5.7.8 to the user and the password", false},
		"unknown ways to sign in":      {&mailServer{startTLS: true, auth: "NTLM"}, "smtp", credentials, "127.0.0.1", "no way to sign in", false},
		"no ways to sign in":           {&mailServer{startTLS: true}, "smtp", credentials, "127.0.0.1", "no way to sign in", false},
		"busy":                         {&mailServer{answers: map[string]string{"connect": "421 4.3.2 busy"}}, "smtp", "", "", "answered 421 4.3.2 to the connection", false},
		"sender refused":               {&mailServer{answers: map[string]string{"MAIL": "550 5.7.1 not you"}}, "smtp", "", "", "answered 550 5.7.1 to the sender", false},
		"recipient unknown":            {&mailServer{answers: map[string]string{"RCPT": "550 5.1.1 <bob@example.com> is unknown"}}, "smtp", "", "", "answered 550 5.1.1 to the recipient", true},
		"recipient greylisted":         {&mailServer{answers: map[string]string{"RCPT": "450 4.2.0 bob@example.com: come back"}}, "smtp", "", "", "answered 450 4.2.0 to the recipient", false},
		"mail not wanted":              {&mailServer{answers: map[string]string{"DATA": "554 no"}}, "smtp", "", "", "answered 554 to the mail", true},
		"mail refused":                 {&mailServer{answers: map[string]string{".": "552 5.3.4 123456 is too big"}}, "smtp", "", "", "answered 552 5.3.4 to the mail", true},
		"mail put off":                 {&mailServer{answers: map[string]string{".": "451 4.3.0 later"}}, "smtp", "", "", "answered 451 4.3.0 to the mail", false},
		"answer is no answer":          {&mailServer{answers: map[string]string{"RCPT": "bob@example.com?"}}, "smtp", "", "", "cannot be understood", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := startMailServer(t, test.server, test.names)
			err := server.carrier(t, test.scheme, test.user).Send(t.Context(), mail)
			failed(t, err, test.want, test.permanent)
			told, _ := server.heard()
			for _, line := range told {
				if strings.HasPrefix(line, "AUTH") && !test.server.startTLS && !test.server.implicit {
					t.Errorf("the password went in the clear: %q", line)
				}
			}
		})
	}
}

// failed checks an error for what it says, for its kind, and for what no log
// may hold.
func failed(t *testing.T, err error, want string, permanent bool) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %q, want %q in it", err, want)
	}
	if _, is := errors.AsType[*courier.Permanent](err); is != permanent {
		t.Errorf("%q: permanent is %v, want %v", err, is, permanent)
	}
	for _, secret := range []string{"bob", "123456", "s3cret", "S3cret", "ann@", "2025550123", "ACann", "Body=", "%2B"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %q", secret, err)
		}
	}
}

func TestSMTP_LeavesASilentServer(t *testing.T) {
	for _, at := range []string{"connect", "EHLO", "MAIL", "RCPT", "DATA", "."} {
		t.Run(at, func(t *testing.T) {
			server := startMailServer(t, &mailServer{silentAt: at}, "127.0.0.1")
			carrier := server.carrier(t, "smtp", "")
			carrier.Timeout = 50 * time.Millisecond
			failed(t, carrier.Send(t.Context(), mail), "no answer in time", false)
		})
	}
	t.Run("instead of TLS", func(t *testing.T) {
		server := &mailServer{port: listener(t, func(c net.Conn, _ *bufio.Reader) { io.Copy(io.Discard, c) })}
		carrier := server.carrier(t, "smtps", "")
		carrier.Timeout = 50 * time.Millisecond
		failed(t, carrier.Send(t.Context(), mail), "no answer in time", false)
	})
	t.Run("when the caller gives up", func(t *testing.T) {
		ctx, giveUp := context.WithCancel(t.Context())
		server := &mailServer{port: listener(t, func(c net.Conn, _ *bufio.Reader) {
			giveUp()
			io.Copy(io.Discard, c)
		})}
		failed(t, server.carrier(t, "smtp", "").Send(ctx, mail), "the mail server at", false)
	})
}

func TestParseSMTP_Timeout(t *testing.T) {
	carrier, err := courier.ParseSMTP("smtp://localhost")
	if err != nil {
		t.Fatal(err)
	}
	if carrier.Timeout <= 0 || carrier.Timeout > 10*time.Second {
		t.Errorf("a silent server is left after %v, want 10 s at most", carrier.Timeout)
	}
}

// TestSMTP_LeavesATalkativeServer: a line that never ends fills no memory.
func TestSMTP_LeavesATalkativeServer(t *testing.T) {
	said := make(chan int, 1)
	server := &mailServer{port: listener(t, func(c net.Conn, _ *bufio.Reader) {
		total, words := 0, bytes.Repeat([]byte("x"), 1<<16)
		for {
			n, err := c.Write(words)
			if total += n; err != nil {
				said <- total
				return
			}
		}
	})}
	failed(t, server.carrier(t, "smtp", "").Send(t.Context(), mail), "cannot be understood", false)
	if total := <-said; total > 64<<20 { // the buffers of the system included
		t.Errorf("it could say %d bytes", total)
	}
}

func TestSMTP_Unreachable(t *testing.T) {
	server := &mailServer{port: listener(t, func(c net.Conn, _ *bufio.Reader) {})}
	failed(t, server.carrier(t, "smtp", "").Send(t.Context(), mail), "closed the connection", false)

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server.port = taken.Addr().(*net.TCPAddr).Port
	taken.Close()
	failed(t, server.carrier(t, "smtp", "").Send(t.Context(), mail), "connection refused", false)
}

// TestSMTP_OneRecipientAlone: nothing in the recipient becomes a second one, a
// command or a header.
func TestSMTP_OneRecipientAlone(t *testing.T) {
	server := startMailServer(t, &mailServer{}, "127.0.0.1")
	carrier := server.carrier(t, "smtp", "")
	for _, to := range []string{
		"", "bob", "@example.com", "bob@", "bob@example.com, eve@example.com", "Eve <bob@example.com>", "<bob@example.com>",
		"bob@example.com\r\nRCPT TO:<eve@example.com>", "bob@example.com\nBcc: eve@example.com", "bob\r\n@example.com", "bob> SIZE=1 <@example.com",
		"\"bob\r\nx\"@example.com", "bob@exa mple.com", "bob@example.com>", "bob@@example.com", "bob@-.example", "bob\x00@example.com",
	} {
		m := mail
		m.To = to
		failed(t, carrier.Send(t.Context(), m), "recipient", true)
	}
	if told, _ := server.heard(); len(told) > 0 {
		t.Errorf("the server was told %q", told)
	}
}

func TestSMTP_AddressesOfOtherScripts(t *testing.T) {
	for to, want := range map[string][]string{
		"bob@bücher.example":   {"RCPT TO:<bob@xn--bcher-kva.example>", "BODY=8BITMIME"},
		"böb@bücher.example":   {"RCPT TO:<böb@xn--bcher-kva.example>", "BODY=8BITMIME SMTPUTF8"},
		"bob+x@Mail.Example":   {"RCPT TO:<bob+x@mail.example>", "BODY=8BITMIME"},
		"o'b.ob_-@example.com": {"RCPT TO:<o'b.ob_-@example.com>", "BODY=8BITMIME"},
	} {
		server := startMailServer(t, &mailServer{}, "127.0.0.1")
		m := mail
		m.To = to
		if err := server.carrier(t, "smtp", "").Send(t.Context(), m); err != nil {
			t.Errorf("%s: %v", to, err)
			continue
		}
		told, _ := server.heard()
		if told[2] != want[0] || told[1] != "MAIL FROM:<no-reply@example.org> "+want[1] {
			t.Errorf("%s: the server was told %q", to, told)
		}
	}
}
