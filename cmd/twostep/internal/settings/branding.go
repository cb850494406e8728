package settings

import (
	"errors"
	"io"
	"net/url"
	"os"
	"strings"
	"syscall"

	"twostep/handlers"
	"twostep/views"
)

// An Accent is the stylesheet of the accent colour.
type Accent struct {
	handlers.Asset
	Colour string // #rrggbb; empty for the default
	Note   string // to the operator, if the colour had to be changed
}

func parseAccent(colour string) (Accent, error) {
	if colour == "" {
		return Accent{}, nil
	}
	sheet, note, err := handlers.Accent(colour)
	return Accent{sheet, colour, note}, err
}

// Renderer returns the renderer of messages.
func (s Settings) Renderer() *views.Renderer {
	origin := ""
	if s.Origin != nil {
		origin = s.Origin.String()
	}
	return views.NewRenderer(s.Name, origin, s.Accent.Colour, s.Links)
}

// logoMax is larger than any accepted logo, so that the path of another file
// does not fill the memory.
const logoMax = 1 << 20 // bytes

func readLogo(path string) (handlers.Asset, error) {
	if path == "" {
		return handlers.Asset{}, nil
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // opening a pipe would block
	if err != nil {
		return handlers.Asset{}, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return handlers.Asset{}, errors.Join(err, errors.New(path+" is not a regular file"))
	}
	content, err := io.ReadAll(io.LimitReader(file, logoMax))
	if err != nil {
		return handlers.Asset{}, err
	}
	return handlers.Logo(content)
}

// parseLink parses a link of the foot. Other schemes than https and mailto are rejected:
// one could run a script, and http could be changed on its way.
func parseLink(value string) (string, error) {
	if value == "" {
		return "", nil
	}
	u, err := url.Parse(value)
	if err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil {
		return u.String(), nil
	}
	if err == nil && u.Scheme == "mailto" && strings.Contains(u.Opaque, "@") {
		return u.String(), nil
	}
	return "", errors.New("give a link with https:// or mailto:, such as https://example.org/help or mailto:help@example.org")
}
