package handlers

import (
	"errors"
	"strings"

	"github.com/gorilla/securecookie"
)

// A cookieText writes the cookie's values as lines of name=value, in place of
// the library's gob, whose reader sends for a description of the types with
// every request and took a third of a page's time. What it reads is signed, and
// so was written here.
type cookieText struct{}

var _ securecookie.Serializer = cookieText{}

var errCookieText = errors.New("the cookie holds something else than texts")

// Serialize implements [securecookie.Serializer].
func (cookieText) Serialize(values any) ([]byte, error) {
	held, ok := values.(map[any]any)
	if !ok {
		return nil, errCookieText
	}
	var lines []byte
	for key, value := range held {
		name, named := key.(string)
		text, written := value.(string)
		if !named || !written || strings.ContainsAny(name, "=\n") || strings.Contains(text, "\n") {
			return nil, errCookieText
		}
		lines = append(append(append(append(lines, name...), '='), text...), '\n')
	}
	return lines, nil
}

// Deserialize implements [securecookie.Serializer].
func (cookieText) Deserialize(lines []byte, into any) error {
	held, ok := into.(*map[any]any)
	if !ok {
		return errCookieText
	}
	for line := range strings.Lines(string(lines)) {
		name, text, found := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !found {
			return errCookieText
		}
		(*held)[name] = text
	}
	return nil
}
