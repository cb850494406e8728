package main

import (
	"errors"
	"io"
	"strings"

	"twostep/cmd/twostep/courier"
)

// A way is how messages of one channel leave, such as log: or file:PATH.
type way struct{ scheme, path string }

// parseWay reads a way. What it refuses it does not repeat: addresses of mail
// servers come with a password.
func parseWay(given string) (way, error) {
	scheme, path, found := strings.Cut(given, ":")
	w := way{scheme, path}
	switch {
	case found && w.printed() && path == "":
		return w, nil
	case found && scheme == "file" && path != "":
		return w, nil
	}
	return way{}, errors.New("give log: or file:PATH; no other way is known")
}

// printed reports whether the messages, and so the codes, are on the screen.
func (w way) printed() bool { return w.scheme == "log" }

// courier opens the way.
func (w way) courier(screen io.Writer) (courier.Courier, error) {
	if w.printed() {
		return courier.NewLog(screen), nil
	}
	return courier.NewFile(w.path)
}
