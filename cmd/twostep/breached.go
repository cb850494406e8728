package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

// A breachedList is a file of SHA-1 hashes of passwords known from breaches, in
// the published format: one a line, "HASH:COUNT" or "HASH", in upper-case
// hexadecimal, sorted by hash. The whole list has a billion lines, so it stays
// on the disk and is searched there; nothing leaves the machine (PW-07).
type breachedList struct {
	file io.ReaderAt
	size int64
}

const (
	hashDigits   = 2 * sha1.Size
	breachedLine = hashDigits + 24 // bytes: the hash, a colon, the largest count and the line's end
)

// openBreached opens a list, or answers nil for an empty path. That the lines
// are hashes, in order, is tried at some places, so that a file of another
// order or kind stops the start and does not quietly find nothing.
func openBreached(path string) (*breachedList, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil, errors.Join(err, file.Close(), fmt.Errorf("%s is not a file with something in it", path))
	}
	list := &breachedList{file: file, size: info.Size()}
	const places = 64
	var before string
	for place := range int64(places) {
		hash, _, err := list.lineAt(place * (list.size - 1) / places)
		if err == nil && hash < before {
			err = fmt.Errorf("%s is not sorted by hash", path)
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		before = hash
	}
	return list, nil
}

// has searches by halving: about 30 reads of the largest list.
func (l *breachedList) has(password string) (bool, error) {
	sum := sha1.Sum([]byte(password))
	want := strings.ToUpper(hex.EncodeToString(sum[:]))
	low, high := int64(0), l.size // the line, if it is there, begins at low or later and before high
	for low < high {
		middle := low + (high-low)/2
		hash, start, err := l.lineAt(middle)
		switch {
		case err != nil:
			return false, err
		case hash == want:
			return true, nil
		case hash < want:
			low = max(start+hashDigits, middle) + 1
		default:
			high = start
		}
	}
	return false, nil
}

// lineAt returns the hash on the line that holds a byte, and where that line begins.
func (l *breachedList) lineAt(offset int64) (hash string, start int64, err error) {
	from := max(0, offset-breachedLine)
	text := make([]byte, offset-from+breachedLine)
	n, err := l.file.ReadAt(text, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", 0, err
	}
	text = text[:n]
	begin := bytes.LastIndexByte(text[:offset-from], '\n') + 1
	if begin+hashDigits > len(text) {
		return "", 0, errors.New("a line is not a SHA-1 hash in hexadecimal")
	}
	hash = string(text[begin : begin+hashDigits])
	if strings.Trim(hash, "0123456789ABCDEF") != "" {
		return "", 0, errors.New("a line is not a SHA-1 hash in upper-case hexadecimal")
	}
	return hash, from + int64(begin), nil
}

// rule is the list as the rules ask it. Where it cannot be read it has
// nothing: the embedded list of common passwords then decides alone, for a
// broken disk must not keep everybody from changing a password. It is logged.
func (l *breachedList) rule(log *slog.Logger) func(string) bool {
	if l == nil {
		return nil
	}
	return func(password string) bool {
		breached, err := l.has(password)
		if err != nil {
			log.Error("the list of breached passwords cannot be read", "error", err)
		}
		return breached
	}
}
