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
	Body: "Your code is 123456\n\nUntil 3:14.\n", HTML: "<p>Your code is 123456</p>\n",
	SentAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
}

// courier returns a courier for the server, configured by its URL.
func (s *mailServer) courier(t *testing.T, scheme, user string) *courier.SMTP {
	t.Helper()
	c, err := courier.ParseSMTP(scheme + "://" + user + "127.0.0.1:" + strconv.Itoa(s.port))
	if err != nil {
		t.Fatal(err)
	}
	c.From = netmail.Address{Name: `Zwei "Schritte" é`, Address: "no-reply@example.org"}
	c.Site = "id.example.org"
	c.RootCAs = s.roots
	return c
}

var credentials = url.UserPassword(mailUser, mailPassword).String() + "@"

func TestSMTP_Delivers(t *testing.T) {
	tests := map[string]struct {
		server       *mailServer
		scheme, user string
		commands     []string // prefixes of the commands that the server receives
	}{
		"plain text to loopback": {
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
		"no reply to QUIT": {
			&mailServer{silentAt: "QUIT"}, "smtp", "",
			[]string{"EHLO", "MAIL", "RCPT", "DATA", "QUIT"},
		},
		"error reply to QUIT": {
			&mailServer{replies: map[string]string{"QUIT": "421 4.3.2 going down"}}, "smtp", "",
			[]string{"EHLO", "MAIL", "RCPT", "DATA", "QUIT"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := startMailServer(t, test.server, "127.0.0.1")
			if err := server.courier(t, test.scheme, test.user).Send(t.Context(), mail); err != nil {
				t.Fatal(err)
			}
			commands, mails := server.received()
			if !slices.EqualFunc(commands, test.commands, strings.HasPrefix) {
				t.Errorf("commands = %q, want %q", commands, test.commands)
			}
			if len(mails) != 1 || !bytes.Contains(mails[0], []byte("123456")) {
				t.Errorf("mails = %q", mails)
			}
		})
	}
}

// TestSMTP_Errors checks that an error states what failed and does not contain
// the recipient, the code or the password.
func TestSMTP_Errors(t *testing.T) {
	tests := map[string]struct {
		server       *mailServer
		scheme, user string
		certName     string
		want         string
		permanent    bool
	}{
		"STARTTLS not offered":                 {&mailServer{auth: "PLAIN"}, "smtp", credentials, "127.0.0.1", "does not offer STARTTLS", false},
		"STARTTLS rejected":                    {&mailServer{startTLS: true, replies: map[string]string{"STARTTLS": "454 4.7.0 not now"}}, "smtp", credentials, "127.0.0.1", "rejected STARTTLS: 454 4.7.0", false},
		"wrong certificate name, STARTTLS":     {&mailServer{startTLS: true, auth: "PLAIN"}, "smtp", credentials, "mail.example.org", "certificate", false},
		"wrong certificate name, implicit TLS": {&mailServer{implicit: true, auth: "PLAIN"}, "smtps", credentials, "mail.example.org", "certificate", false},
		"plain text instead of TLS":            {&mailServer{}, "smtps", "", "127.0.0.1", "does not use TLS", false},
		"wrong password":                       {&mailServer{startTLS: true, auth: "PLAIN"}, "smtp", url.UserPassword(mailUser, "0therS3cret").String() + "@", "127.0.0.1", "rejected the user name or password: 535 5.7.8", false},
		"unsupported AUTH mechanism":           {&mailServer{startTLS: true, auth: "NTLM"}, "smtp", credentials, "127.0.0.1", "no supported authentication mechanism", false},
		"no AUTH mechanism":                    {&mailServer{startTLS: true}, "smtp", credentials, "127.0.0.1", "no supported authentication mechanism", false},
		"busy":                                 {&mailServer{replies: map[string]string{"connect": "421 4.3.2 busy"}}, "smtp", "", "", "rejected the connection: 421 4.3.2", false},
		"sender rejected":                      {&mailServer{replies: map[string]string{"MAIL": "550 5.7.1 not you"}}, "smtp", "", "", "rejected the sender: 550 5.7.1", false},
		"recipient unknown":                    {&mailServer{replies: map[string]string{"RCPT": "550 5.1.1 <bob@example.com> is unknown"}}, "smtp", "", "", "rejected the recipient: 550 5.1.1", true},
		"recipient greylisted":                 {&mailServer{replies: map[string]string{"RCPT": "450 4.2.0 bob@example.com: come back"}}, "smtp", "", "", "rejected the recipient: 450 4.2.0", false},
		"DATA rejected":                        {&mailServer{replies: map[string]string{"DATA": "554 no"}}, "smtp", "", "", "rejected the mail: 554", true},
		"mail rejected":                        {&mailServer{replies: map[string]string{".": "552 5.3.4 123456 is too big"}}, "smtp", "", "", "rejected the mail: 552 5.3.4", true},
		"mail deferred":                        {&mailServer{replies: map[string]string{".": "451 4.3.0 later"}}, "smtp", "", "", "rejected the mail: 451 4.3.0", false},
		"malformed reply":                      {&mailServer{replies: map[string]string{"RCPT": "bob@example.com?"}}, "smtp", "", "", "invalid response", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := startMailServer(t, test.server, test.certName)
			err := server.courier(t, test.scheme, test.user).Send(t.Context(), mail)
			checkError(t, err, test.want, test.permanent)
			commands, _ := server.received()
			for _, line := range commands {
				if strings.HasPrefix(line, "AUTH") && !test.server.startTLS && !test.server.implicit {
					t.Errorf("password sent in plain text: %q", line)
				}
			}
		})
	}
}

// checkError checks the text of an error, whether it is permanent, and that it
// contains nothing that must not be logged.
func checkError(t *testing.T, err error, want string, permanent bool) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error = %q, want it to contain %q", err, want)
	}
	if _, is := errors.AsType[*courier.Permanent](err); is != permanent {
		t.Errorf("%q: permanent = %v, want %v", err, is, permanent)
	}
	for _, secret := range []string{"bob", "123456", "s3cret", "S3cret", "ann@", "2025550123", "ACann", "Body=", "%2B"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("error contains %q: %q", secret, err)
		}
	}
}

func TestSMTP_Timeout(t *testing.T) {
	for _, at := range []string{"connect", "EHLO", "MAIL", "RCPT", "DATA", "."} {
		t.Run(at, func(t *testing.T) {
			server := startMailServer(t, &mailServer{silentAt: at}, "127.0.0.1")
			c := server.courier(t, "smtp", "")
			c.Timeout = 50 * time.Millisecond
			checkError(t, c.Send(t.Context(), mail), "timed out", false)
		})
	}
	t.Run("instead of TLS", func(t *testing.T) {
		server := &mailServer{port: listen(t, func(conn net.Conn, _ *bufio.Reader) { io.Copy(io.Discard, conn) })}
		c := server.courier(t, "smtps", "")
		c.Timeout = 50 * time.Millisecond
		checkError(t, c.Send(t.Context(), mail), "timed out", false)
	})
	t.Run("canceled by the caller", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		server := &mailServer{port: listen(t, func(conn net.Conn, _ *bufio.Reader) {
			cancel()
			io.Copy(io.Discard, conn)
		})}
		checkError(t, server.courier(t, "smtp", "").Send(ctx, mail), "mail server", false)
	})
}

func TestParseSMTP_Timeout(t *testing.T) {
	c, err := courier.ParseSMTP("smtp://localhost")
	if err != nil {
		t.Fatal(err)
	}
	if c.Timeout <= 0 || c.Timeout > 10*time.Second {
		t.Errorf("timeout = %v, want at most 10s", c.Timeout)
	}
}

// TestSMTP_EndlessReply checks that an endless line does not exhaust memory.
func TestSMTP_EndlessReply(t *testing.T) {
	written := make(chan int, 1)
	server := &mailServer{port: listen(t, func(conn net.Conn, _ *bufio.Reader) {
		total, chunk := 0, bytes.Repeat([]byte("x"), 1<<16)
		for {
			n, err := conn.Write(chunk)
			if total += n; err != nil {
				written <- total
				return
			}
		}
	})}
	checkError(t, server.courier(t, "smtp", "").Send(t.Context(), mail), "invalid response", false)
	if total := <-written; total > 64<<20 { // including the system's buffers
		t.Errorf("server could send %d bytes", total)
	}
}

func TestSMTP_Unreachable(t *testing.T) {
	server := &mailServer{port: listen(t, func(net.Conn, *bufio.Reader) {})}
	checkError(t, server.courier(t, "smtp", "").Send(t.Context(), mail), "connection closed by server", false)

	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server.port = closed.Addr().(*net.TCPAddr).Port
	closed.Close()
	checkError(t, server.courier(t, "smtp", "").Send(t.Context(), mail), "connection refused", false)
}

// TestSMTP_RecipientInjection checks that a recipient cannot add another one, a
// command or a header.
func TestSMTP_RecipientInjection(t *testing.T) {
	server := startMailServer(t, &mailServer{}, "127.0.0.1")
	c := server.courier(t, "smtp", "")
	for _, to := range []string{
		"", "bob", "@example.com", "bob@", "bob@example.com, eve@example.com", "Eve <bob@example.com>", "<bob@example.com>",
		"bob@example.com\r\nRCPT TO:<eve@example.com>", "bob@example.com\nBcc: eve@example.com", "bob\r\n@example.com", "bob> SIZE=1 <@example.com",
		"\"bob\r\nx\"@example.com", "bob@exa mple.com", "bob@example.com>", "bob@@example.com", "bob@-.example", "bob\x00@example.com",
	} {
		m := mail
		m.To = to
		checkError(t, c.Send(t.Context(), m), "recipient", true)
	}
	if commands, _ := server.received(); len(commands) > 0 {
		t.Errorf("commands = %q, want none", commands)
	}
}

func TestSMTP_InternationalizedRecipient(t *testing.T) {
	for to, want := range map[string][]string{
		"bob@bücher.example":   {"RCPT TO:<bob@xn--bcher-kva.example>", "BODY=8BITMIME"},
		"böb@bücher.example":   {"RCPT TO:<böb@xn--bcher-kva.example>", "BODY=8BITMIME SMTPUTF8"},
		"bob+x@Mail.Example":   {"RCPT TO:<bob+x@mail.example>", "BODY=8BITMIME"},
		"o'b.ob_-@example.com": {"RCPT TO:<o'b.ob_-@example.com>", "BODY=8BITMIME"},
	} {
		server := startMailServer(t, &mailServer{}, "127.0.0.1")
		m := mail
		m.To = to
		if err := server.courier(t, "smtp", "").Send(t.Context(), m); err != nil {
			t.Errorf("%s: %v", to, err)
			continue
		}
		commands, _ := server.received()
		if commands[2] != want[0] || commands[1] != "MAIL FROM:<no-reply@example.org> "+want[1] {
			t.Errorf("%s: commands = %q", to, commands)
		}
	}
}

// A server without SMTPUTF8 gets no mail to a local part with other letters: it might
// deliver it to another mailbox.
func TestSMTP_WithoutSMTPUTF8(t *testing.T) {
	server := startMailServer(t, &mailServer{ascii: true}, "127.0.0.1")
	c := server.courier(t, "smtp", "")
	m := mail
	m.To = "böb@example.com"
	checkError(t, c.Send(t.Context(), m), "SMTPUTF8", true)
	m.To = "bob@bücher.example"
	if err := c.Send(t.Context(), m); err != nil {
		t.Error(err)
	}
	if commands, mails := server.received(); len(mails) != 1 {
		t.Errorf("%d mails: %q", len(mails), commands)
	}
}
