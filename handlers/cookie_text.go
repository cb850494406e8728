package handlers

import (
	"errors"
	"strings"

	"github.com/gorilla/securecookie"

	"twostep/auth"
	"twostep/views"
)

// cookieText serializes cookieValues as lines of name=value. The library's gob
// decoder reads a type description with every cookie, which took a third of
// a page's time. Only cookies with a valid signature are parsed.
type cookieText struct{}

var _ securecookie.Serializer = cookieText{}

var errCookieText = errors.New("not the text of a cookie")

// Serialize implements [securecookie.Serializer].
func (cookieText) Serialize(value any) ([]byte, error) {
	values, ok := value.(cookieValues)
	if !ok {
		return nil, errCookieText
	}
	var text []byte
	for _, line := range [...]struct{ name, value string }{
		{"session", string(values.Session)},
		{"attempt", string(values.Attempt)},
		{"notice", string(values.Notice)},
		{"typed", values.Typed},
	} {
		if strings.Contains(line.value, "\n") {
			return nil, errCookieText
		}
		if line.value != "" {
			text = append(append(append(append(text, line.name...), '='), line.value...), '\n')
		}
	}
	return text, nil
}

// Deserialize implements [securecookie.Serializer].
func (cookieText) Deserialize(text []byte, into any) error {
	values, ok := into.(*cookieValues)
	if !ok {
		return errCookieText
	}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok {
			return errCookieText
		}
		switch name {
		case "session":
			values.Session = auth.Token(value)
		case "attempt":
			values.Attempt = auth.Token(value)
		case "notice":
			values.Notice = views.Notice(value)
		case "typed":
			values.Typed = value
		}
	}
	return nil
}
