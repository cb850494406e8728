package courier

import (
	"bytes"
	"crypto/rand"
	"errors"
	netmail "net/mail"
	"strings"
	"unicode"

	"github.com/wneessen/go-mail"
)

// compose encodes a message as MIME with a text part and an HTML part of the
// same content, if there is one. Auto-Submitted (RFC 3834) suppresses automatic replies. No
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
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	var encoded bytes.Buffer
	if _, err := msg.WriteTo(&encoded); err != nil {
		return nil, errors.New("encode mail: invalid message") // err could quote the message
	}
	return encoded.Bytes(), nil
}
