package main

import (
	"errors"
	"io"
	"os"
	"syscall"

	"twostep/handlers"
)

// An accent is the stylesheet of the operator's colour, and what to say of it.
type accent struct {
	handlers.Asset
	said string
}

func accentColour(given string) (accent, error) {
	if given == "" {
		return accent{}, nil
	}
	sheet, said, err := handlers.Accent(given)
	return accent{sheet, said}, err
}

// logoMost is more than any logo that is taken, so that a path to something
// else than a logo does not fill the memory.
const logoMost = 1 << 20

// logoFile reads the operator's logo once, at the start.
func logoFile(path string) (handlers.Asset, error) {
	if path == "" {
		return handlers.Asset{}, nil
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would wait for its writer
	if err != nil {
		return handlers.Asset{}, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return handlers.Asset{}, errors.Join(err, errors.New(path+" is no file"))
	}
	content, err := io.ReadAll(io.LimitReader(file, logoMost))
	if err != nil {
		return handlers.Asset{}, err
	}
	return handlers.Logo(content)
}
