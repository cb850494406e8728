package courier

import (
	"bytes"
	"crypto/rand"
	"errors"
	"html"
	netmail "net/mail"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/wneessen/go-mail"
)

// compose encodes a message as MIME with a text part and an HTML part of the
// same content. Auto-Submitted (RFC 3834) suppresses automatic replies. No
// header reveals which program or library wrote the mail.
func (s *SMTP) compose(m Message, to string) ([]byte, error) {
	subject := strings.Join(strings.FieldsFunc(m.Subject, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	}), " ")
	_, domain, _ := strings.Cut(s.From.Address, "@")

	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&s.From)
	msg.ToMailAddress(&netmail.Address{Address: to})
	msg.Subject(subject)
	msg.SetDateWithValue(m.SentAt)
	msg.SetMessageIDWithValue(rand.Text() + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, m.Body)
	msg.AddAlternativeString(mail.TypeTextHTML, htmlBody(subject, m.Body, s.Site))
	var encoded bytes.Buffer
	if _, err := msg.WriteTo(&encoded); err != nil {
		return nil, errors.New("encode mail: invalid message") // err could quote the message
	}
	return encoded.Bytes(), nil
}

// htmlBody formats plain text as paragraphs. All of it is escaped: nothing that
// a visitor contributed can become a tag.
func htmlBody(subject, body, site string) string {
	var page strings.Builder
	page.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>" + html.EscapeString(subject) + "</title></head>\n" +
		"<body style=\"font-family: sans-serif; line-height: 1.5\">\n")
	body = strings.ReplaceAll(body, "\r\n", "\n")
	for paragraph := range strings.SplitSeq(strings.Trim(body, "\n"), "\n\n") {
		lines := strings.Split(strings.Trim(paragraph, "\n"), "\n")
		for i, line := range lines {
			lines[i] = linkify(line, site)
		}
		page.WriteString("<p>" + strings.Join(lines, "<br>\n") + "</p>\n")
	}
	page.WriteString("</body>\n</html>\n")
	return page.String()
}

var httpURL = regexp.MustCompile(`https?://[^\s<>"]+`)

// linkify escapes a line and turns URLs of the site into links. Other URLs stay
// text: an attacker can place one in a mail, for example as a user agent, and
// recipients trust links in mail from the site.
func linkify(line, site string) string {
	var out strings.Builder
	rest := 0
	for _, span := range httpURL.FindAllStringIndex(line, -1) {
		text := strings.TrimRight(line[span[0]:span[1]], ".,;:!?)'")
		u, err := url.Parse(text)
		if err != nil || u.User != nil || !strings.EqualFold(u.Hostname(), site) {
			continue
		}
		escaped := html.EscapeString(text)
		out.WriteString(html.EscapeString(line[rest:span[0]]) + `<a href="` + escaped + `">` + escaped + "</a>")
		rest = span[0] + len(text)
	}
	out.WriteString(html.EscapeString(line[rest:]))
	return out.String()
}
