package courier_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"twostep/cmd/twostep/courier"
)

// arrives sends a mail by a real server and returns it as it arrived.
func arrives(t *testing.T, m courier.Message) (read *netmail.Message, raw string) {
	t.Helper()
	server := startMailServer(t, &mailServer{}, "127.0.0.1")
	if err := server.carrier(t, "smtp", "").Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	_, mails := server.heard()
	read, err := netmail.ReadMessage(bytes.NewReader(mails[0]))
	if err != nil {
		t.Fatal(err)
	}
	return read, string(mails[0])
}

// parts reads the two parts of a mail: the text and the HTML.
func parts(t *testing.T, read *netmail.Message) (text, html string) {
	t.Helper()
	kind, options, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("the mail is %s, %v", kind, err)
	}
	reader := multipart.NewReader(read.Body, options["boundary"])
	var both [2]string
	for i, want := range []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8"} {
		part, err := reader.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if got := part.Header.Get("Content-Type"); got != want || part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Errorf("a part is %q, want %q", got, want)
		}
		content, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		both[i] = strings.ReplaceAll(string(content), "\r\n", "\n")
	}
	if _, err := reader.NextPart(); err != io.EOF {
		t.Errorf("there is a third part: %v", err)
	}
	return both[0], both[1]
}

func TestMail_Headers(t *testing.T) {
	m := mail
	m.Subject = "Ihr Schlüssel · " + strings.Repeat("lang ", 30) + "Ende"
	read, raw := arrives(t, m)
	from, err := read.Header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Name != `Zwei "Schritte" é` || from[0].Address != "no-reply@example.org" {
		t.Errorf("it is from %v, %v", from, err)
	}
	if to, err := read.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != m.To {
		t.Errorf("it is to %v, %v", to, err)
	}
	if subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil || subject != m.Subject {
		t.Errorf("the subject is %q, %v", subject, err)
	}
	if date, err := read.Header.Date(); err != nil || !date.Equal(m.SentAt) {
		t.Errorf("the date is %v, %v", date, err)
	}
	if id := read.Header.Get("Message-Id"); !regexp.MustCompile(`^<[A-Z2-7]{26}@example\.org>$`).MatchString(id) {
		t.Errorf("the Message-ID is %q", id)
	}
	if got := read.Header.Get("Auto-Submitted"); got != "auto-generated" {
		t.Errorf("Auto-Submitted is %q", got)
	}
	var names []string
	for name := range read.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}; !slices.Equal(names, want) {
		t.Errorf("the headers are %v, want %v", names, want)
	}
	if strings.Contains(strings.ToLower(raw), "go-mail") {
		t.Errorf("the mail says which program wrote it:\n%s", raw)
	}
	for line := range strings.SplitSeq(raw, "\n") {
		if len(line) > 78 {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
	if again, _ := arrives(t, m); again.Header.Get("Message-Id") == read.Header.Get("Message-Id") {
		t.Error("two mails bear one Message-ID")
	}
}

// TestMail_SubjectIsOneHeader: nothing in a subject begins a header of its own.
func TestMail_SubjectIsOneHeader(t *testing.T) {
	for _, subject := range []string{
		"a\r\nBcc: eve@example.com", "a\nBcc: eve@example.com", "a\rBcc: eve@example.com", "a\r\n\r\n<p>", "a\u0085Bcc: x", "a\u2028Bcc: x", "=?utf-8?q?a=0D=0ABcc:_x?=",
		"", strings.Repeat("x", 2000), "a\x00b",
	} {
		m := mail
		m.Subject = subject
		read, raw := arrives(t, m)
		if read.Header.Get("Bcc") != "" || strings.Contains(raw, "\nBcc") || len(read.Header["Subject"]) != 1 {
			t.Errorf("%q: the mail is\n%s", subject, raw)
		}
		if text, _ := parts(t, read); text != m.Body {
			t.Errorf("%q: the text is %q", subject, text)
		}
	}
}

func TestMail_TextAndHTML(t *testing.T) {
	const link = "https://id.example.org:8443/account/email/stop?token=a%2Bb&x=1"
	m := mail
	m.Subject = "<New> sign-in & more"
	m.Body = "Somebody signed in.\n\nBrowser: <script>alert(\"1\")</script> & 'x'\nFrom: https://evil.example/ or http://id.example.org@evil.example/x\n\n" +
		".\n..dots\n\nChange it: " + link + ".\n\nOr (http://ID.example.org/). Ende ü " + strings.Repeat("long ", 30) + "\n"
	read, _ := arrives(t, m)
	text, html := parts(t, read)
	if text != m.Body {
		t.Errorf("the text is\n%q\nwant\n%q", text, m.Body)
	}
	want := `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>&lt;New&gt; sign-in &amp; more</title></head>
<body style="font-family: sans-serif; line-height: 1.5">
<p>Somebody signed in.</p>
<p>Browser: &lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; &amp; &#39;x&#39;<br>
From: https://evil.example/ or http://id.example.org@evil.example/x</p>
<p>.<br>
..dots</p>
<p>Change it: <a href="https://id.example.org:8443/account/email/stop?token=a%2Bb&amp;x=1">https://id.example.org:8443/account/email/stop?token=a%2Bb&amp;x=1</a>.</p>
<p>Or (<a href="http://ID.example.org/">http://ID.example.org/</a>). Ende ü ` + strings.Repeat("long ", 30) + `</p>
</body>
</html>
`
	if html != want {
		t.Errorf("the HTML is\n%s\nwant\n%s", html, want)
	}
}

// TestMail_DateIsWhenItWasSent keeps the zone too: UTC tells nobody where the machine stands.
func TestMail_DateIsWhenItWasSent(t *testing.T) {
	m := mail
	m.SentAt = time.Date(2026, 7, 8, 9, 10, 11, 0, time.UTC)
	if read, _ := arrives(t, m); read.Header.Get("Date") != "Wed, 08 Jul 2026 09:10:11 +0000" {
		t.Errorf("the date is %s", read.Header.Get("Date"))
	}
}
