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

// sendMail sends a message through a real server and returns the mail received.
func sendMail(t *testing.T, m courier.Message) (received *netmail.Message, raw string) {
	t.Helper()
	server := startMailServer(t, &mailServer{}, "127.0.0.1")
	if err := server.courier(t, "smtp", "").Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	_, mails := server.received()
	received, err := netmail.ReadMessage(bytes.NewReader(mails[0]))
	if err != nil {
		t.Fatal(err)
	}
	return received, string(mails[0])
}

// parts returns the decoded text and HTML parts of a mail.
func parts(t *testing.T, m *netmail.Message) (text, html string) {
	t.Helper()
	mediaType, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/alternative" {
		t.Fatalf("Content-Type = %s, %v", mediaType, err)
	}
	reader := multipart.NewReader(m.Body, params["boundary"])
	var contents [2]string
	for i, want := range []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8"} {
		part, err := reader.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if got := part.Header.Get("Content-Type"); got != want || part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Errorf("part %d: %v, want Content-Type %q and quoted-printable", i, part.Header, want)
		}
		content, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		contents[i] = strings.ReplaceAll(string(content), "\r\n", "\n")
	}
	if _, err := reader.NextPart(); err != io.EOF {
		t.Errorf("NextPart = %v, want io.EOF", err)
	}
	return contents[0], contents[1]
}

func TestMail_Headers(t *testing.T) {
	m := mail
	m.Subject = "Ihr Schlüssel · " + strings.Repeat("lang ", 30) + "Ende"
	received, raw := sendMail(t, m)
	from, err := received.Header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Name != `Zwei "Schritte" é` || from[0].Address != "no-reply@example.org" {
		t.Errorf("From = %v, %v", from, err)
	}
	if to, err := received.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != m.To {
		t.Errorf("To = %v, %v", to, err)
	}
	if subject, err := new(mime.WordDecoder).DecodeHeader(received.Header.Get("Subject")); err != nil || subject != m.Subject {
		t.Errorf("Subject = %q, %v", subject, err)
	}
	if date, err := received.Header.Date(); err != nil || !date.Equal(m.SentAt) {
		t.Errorf("Date = %v, %v", date, err)
	}
	if id := received.Header.Get("Message-Id"); !regexp.MustCompile(`^<[A-Z2-7]{26}@example\.org>$`).MatchString(id) {
		t.Errorf("Message-ID = %q", id)
	}
	if got := received.Header.Get("Auto-Submitted"); got != "auto-generated" {
		t.Errorf("Auto-Submitted = %q", got)
	}
	var names []string
	for name := range received.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}; !slices.Equal(names, want) {
		t.Errorf("headers = %v, want %v", names, want)
	}
	if strings.Contains(strings.ToLower(raw), "go-mail") {
		t.Errorf("mail names the library that wrote it:\n%s", raw)
	}
	for line := range strings.SplitSeq(raw, "\n") {
		if len(line) > 78 {
			t.Errorf("line of %d bytes: %s", len(line), line)
		}
	}
	if second, _ := sendMail(t, m); second.Header.Get("Message-Id") == received.Header.Get("Message-Id") {
		t.Error("two mails have the same Message-ID")
	}
}

// TestMail_SubjectInjection checks that a subject cannot add a header.
func TestMail_SubjectInjection(t *testing.T) {
	for _, subject := range []string{
		"a\r\nBcc: eve@example.com", "a\nBcc: eve@example.com", "a\rBcc: eve@example.com", "a\r\n\r\n<p>", "a\u0085Bcc: x", "a\u2028Bcc: x", "=?utf-8?q?a=0D=0ABcc:_x?=",
		"", strings.Repeat("x", 2000), "a\x00b",
	} {
		m := mail
		m.Subject = subject
		received, raw := sendMail(t, m)
		if received.Header.Get("Bcc") != "" || strings.Contains(raw, "\nBcc") || len(received.Header["Subject"]) != 1 {
			t.Errorf("subject %q: mail:\n%s", subject, raw)
		}
		if text, _ := parts(t, received); text != m.Body {
			t.Errorf("subject %q: text = %q", subject, text)
		}
	}
}

func TestMail_TextAndHTML(t *testing.T) {
	m := mail
	m.Body = "Somebody signed in.\n\n.\n..dots\n\nEnde ü " + strings.Repeat("long ", 30) + "\n-- \nTwostep\n"
	m.HTML = "<!DOCTYPE html><p style=\"color: #123456\">ü =20" + strings.Repeat("long ", 300) + "</p>\n.\n"
	received, _ := sendMail(t, m)
	if text, html := parts(t, received); text != m.Body || html != m.HTML {
		t.Errorf("text:\n%q\nHTML:\n%q\nwant:\n%q\n%q", text, html, m.Body, m.HTML)
	}
}

func TestMail_TextOnly(t *testing.T) {
	m := mail
	m.HTML = ""
	received, _ := sendMail(t, m)
	body, err := io.ReadAll(quotedprintable.NewReader(received.Body))
	if text := strings.ReplaceAll(string(body), "\r\n", "\n"); err != nil || text != m.Body || received.Header.Get("Content-Type") != "text/plain; charset=UTF-8" {
		t.Errorf("%s: %q, %v", received.Header.Get("Content-Type"), text, err)
	}
}

// TestMail_Date checks that the date is in UTC, which does not reveal the
// location of the server.
func TestMail_Date(t *testing.T) {
	m := mail
	m.SentAt = time.Date(2026, 7, 8, 9, 10, 11, 0, time.UTC)
	if received, _ := sendMail(t, m); received.Header.Get("Date") != "Wed, 08 Jul 2026 09:10:11 +0000" {
		t.Errorf("Date = %s", received.Header.Get("Date"))
	}
}
