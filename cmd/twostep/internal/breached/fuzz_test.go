package breached

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// A countingFile counts its reads.
type countingFile struct {
	io.ReaderAt
	reads int
}

func (c *countingFile) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	return c.ReaderAt.ReadAt(p, off)
}

// FuzzBreached: in a list of the published format every password is found and no
// other, and the search ends in any other file too (PW-07).
func FuzzBreached(f *testing.F) {
	f.Add("password\nletmein\nseven purple turtles", "correct horse", "\r\n", []byte("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3\n"))
	f.Add("", "", ":1\n", []byte(strings.Repeat("0", 39)+"\n"))
	f.Add("a\na\nb", "c", ":18446744073709551615\r\n", bytes.Repeat([]byte("F"), 200))
	f.Fuzz(func(t *testing.T, known, other, end string, junk []byte) {
		if end = strings.TrimLeft(end, "\x00\r"); !slices.Contains([]string{"\n", "\r\n", ":1\n", ":18446744073709551615\r\n"}, end) {
			end = ":42\r\n"
		}
		var lines []string
		passwords := strings.Split(known, "\n")
		for _, password := range passwords {
			lines = append(lines, fmt.Sprintf("%X", sha1.Sum([]byte(password)))+end)
		}
		slices.Sort(lines)
		has := func(text []byte, password string) (bool, error) {
			file := &countingFile{ReaderAt: bytes.NewReader(text)}
			found, err := (&List{file: file, size: int64(len(text))}).Contains(password)
			if file.reads > 64 {
				t.Fatalf("%d reads of %d bytes", file.reads, len(text))
			}
			return found, err
		}
		list := []byte(strings.Join(slices.Compact(lines), ""))
		for _, password := range append(passwords, other) {
			found, err := has(list, password)
			if want := slices.Contains(passwords, password); found != want || err != nil {
				t.Fatalf("%q: %t, %v", password, found, err)
			}
		}
		_, _ = has(junk, other) // must return
	})
}
