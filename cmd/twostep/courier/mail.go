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

// compose writes a mail: the words as text, and the same words as HTML for
// whoever reads mail no other way. It says that a program wrote it (RFC 3834),
// so that nobody's "I am on holiday" answers, and not which.
func (s *SMTP) compose(m Message, to string) ([]byte, error) {
	subject := strings.Join(strings.FieldsFunc(m.Subject, func(sign rune) bool {
		return unicode.IsControl(sign) || sign == '\u2028' || sign == '\u2029'
	}), " ")
	_, domain, _ := strings.Cut(s.From.Address, "@")

	letter := mail.NewMsg(mail.WithNoDefaultUserAgent())
	letter.FromMailAddress(&s.From)
	letter.ToMailAddress(&netmail.Address{Address: to})
	letter.Subject(subject)
	letter.SetDateWithValue(m.SentAt)
	letter.SetMessageIDWithValue(rand.Text() + "@" + domain)
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetBodyString(mail.TypeTextPlain, m.Body)
	letter.AddAlternativeString(mail.TypeTextHTML, asHTML(subject, m.Body, s.Site))
	var written bytes.Buffer
	if _, err := letter.WriteTo(&written); err != nil {
		return nil, errors.New("the message makes no mail") // its text could quote the message
	}
	return written.Bytes(), nil
}

// asHTML sets the words in paragraphs. Everything in them is escaped: nothing
// that a visitor brought into them becomes a tag.
func asHTML(subject, body, site string) string {
	var page strings.Builder
	page.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>" + html.EscapeString(subject) + "</title></head>\n" +
		"<body style=\"font-family: sans-serif; line-height: 1.5\">\n")
	body = strings.ReplaceAll(body, "\r\n", "\n")
	for paragraph := range strings.SplitSeq(strings.Trim(body, "\n"), "\n\n") {
		lines := strings.Split(strings.Trim(paragraph, "\n"), "\n")
		for i, line := range lines {
			lines[i] = linked(line, site)
		}
		page.WriteString("<p>" + strings.Join(lines, "<br>\n") + "</p>\n")
	}
	page.WriteString("</body>\n</html>\n")
	return page.String()
}

var webAddress = regexp.MustCompile(`https?://[^\s<>"]+`)

// linked escapes a line and makes links of the addresses in it that lead to the
// site. Others stay text: words may quote what a stranger chose, such as the
// name of a browser, and a link in our mail is as good as our word.
func linked(line, site string) string {
	var out strings.Builder
	rest := 0
	for _, span := range webAddress.FindAllStringIndex(line, -1) {
		address := strings.TrimRight(line[span[0]:span[1]], ".,;:!?)'")
		u, err := url.Parse(address)
		if err != nil || u.User != nil || !strings.EqualFold(u.Hostname(), site) {
			continue
		}
		escaped := html.EscapeString(address)
		out.WriteString(html.EscapeString(line[rest:span[0]]) + `<a href="` + escaped + `">` + escaped + "</a>")
		rest = span[0] + len(address)
	}
	out.WriteString(html.EscapeString(line[rest:]))
	return out.String()
}
