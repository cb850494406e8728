// Package breached searches a list of passwords known from data breaches
// (PW-07).
package breached

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

// A List is a file of SHA-1 hashes in the format of Have I Been Pwned: one per
// line, "HASH:COUNT" or "HASH", in upper-case hexadecimal, sorted by hash. The
// full list has a billion lines, so it is searched on disk; nothing leaves the
// machine.
type List struct {
	file io.ReaderAt
	size int64
}

const (
	hashLen = 2 * sha1.Size
	lineMax = hashLen + 24 // bytes: the hash, a colon, the largest count and the line break
)

// Open opens a list, or returns nil for an empty path. It samples the file, so
// that a file of another kind or order is an error at startup instead of a list
// that silently finds nothing.
func Open(path string) (*List, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil, errors.Join(err, file.Close(), fmt.Errorf("%s is empty or not a regular file", path))
	}
	list := &List{file: file, size: info.Size()}
	const samples = 64
	var previous string
	for i := range int64(samples) {
		hash, _, err := list.lineAt(i * (list.size - 1) / samples)
		if err == nil && hash < previous {
			err = fmt.Errorf("%s is not sorted by hash", path)
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		previous = hash
	}
	return list, nil
}

// Contains reports whether a password is on the list. It is a binary search:
// about 30 reads of the full list.
func (l *List) Contains(password string) (bool, error) {
	sum := sha1.Sum([]byte(password))
	want := strings.ToUpper(hex.EncodeToString(sum[:]))
	low, high := int64(0), l.size // the line, if it exists, begins in [low, high)
	for low < high {
		middle := low + (high-low)/2
		hash, start, err := l.lineAt(middle)
		switch {
		case err != nil:
			return false, err
		case hash == want:
			return true, nil
		case hash < want:
			low = max(start+hashLen, middle) + 1
		default:
			high = start
		}
	}
	return false, nil
}

// lineAt returns the hash on the line that contains the byte at offset, and
// where that line begins.
func (l *List) lineAt(offset int64) (hash string, start int64, err error) {
	from := max(0, offset-lineMax)
	text := make([]byte, offset-from+lineMax)
	n, err := l.file.ReadAt(text, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", 0, err
	}
	text = text[:n]
	begin := bytes.LastIndexByte(text[:offset-from], '\n') + 1
	if begin+hashLen > len(text) {
		return "", 0, errors.New("a line is not a SHA-1 hash in hexadecimal")
	}
	hash = string(text[begin : begin+hashLen])
	if strings.Trim(hash, "0123456789ABCDEF") != "" {
		return "", 0, errors.New("a line is not a SHA-1 hash in upper-case hexadecimal")
	}
	return hash, from + int64(begin), nil
}

// Rule returns the list as auth.Policy uses it, or nil for no list. A list that
// cannot be read is logged and rejects nothing: a broken disk must not keep
// everybody from changing a password, and the built-in list of common passwords
// still applies.
func (l *List) Rule(log *slog.Logger) func(password string) bool {
	if l == nil {
		return nil
	}
	return func(password string) bool {
		found, err := l.Contains(password)
		if err != nil {
			log.Error("cannot read the list of breached passwords", "error", err)
		}
		return found
	}
}
