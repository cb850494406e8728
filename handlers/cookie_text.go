package handlers

import (
	"errors"
	"strings"

	"github.com/gorilla/securecookie"

	"twostep/auth"
	"twostep/views"
)

// A cookieText writes what a cookie holds as lines of name=value, in place of
// the library's gob, whose reader sends for a description of the types with
// every request and took a third of a page's time. What it reads is signed, and
// so was written here.
type cookieText struct{}

var _ securecookie.Serializer = cookieText{}

var errCookieText = errors.New("the cookie holds something else than texts")

// Serialize implements [securecookie.Serializer].
func (cookieText) Serialize(value any) ([]byte, error) {
	h, ok := value.(held)
	if !ok {
		return nil, errCookieText
	}
	var lines []byte
	for _, line := range [...]struct{ name, text string }{
		{"session", string(h.Session)}, {"attempt", string(h.Attempt)}, {"notice", string(h.Notice)},
	} {
		if strings.Contains(line.text, "\n") {
			return nil, errCookieText
		}
		if line.text != "" {
			lines = append(append(append(append(lines, line.name...), '='), line.text...), '\n')
		}
	}
	return lines, nil
}

// Deserialize implements [securecookie.Serializer].
func (cookieText) Deserialize(lines []byte, into any) error {
	h, ok := into.(*held)
	if !ok {
		return errCookieText
	}
	for line := range strings.Lines(string(lines)) {
		name, text, found := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !found {
			return errCookieText
		}
		switch name {
		case "session":
			h.Session = auth.Token(text)
		case "attempt":
			h.Attempt = auth.Token(text)
		case "notice":
			h.Notice = views.Notice(text)
		}
	}
	return nil
}
