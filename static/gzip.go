package static

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// compress returns the content compressed by gzip, or nil if that is not smaller. It takes
// a millisecond once at the start. Logos and accent colours are known only then, and a
// compressed copy in the repository could be outdated.
//
// Nothing in these files is secret, so their compressed size reveals nothing (BREACH).
//
// All share w, because a new one takes almost a megabyte.
func compress(w *gzip.Writer, f File) []byte {
	var b bytes.Buffer
	w.Reset(&b)
	_, _ = w.Write(f.content) // a buffer cannot fail
	_ = w.Close()
	if b.Len() >= len(f.content) {
		return nil
	}
	return b.Bytes()
}

// acceptsGzip reads Accept-Encoding (RFC 9110 section 12.5.3). A coding with weight 0 is
// not acceptable, and the name of a coding takes precedence over "*".
func acceptsGzip(header http.Header) bool {
	others := false
	for _, part := range strings.Split(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		coding, parameter, _ := strings.Cut(part, ";")
		accepted := true
		if name, weight, found := strings.Cut(strings.ToLower(strings.TrimSpace(parameter)), "="); found && strings.TrimSpace(name) == "q" {
			q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
			accepted = err == nil && q > 0
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return accepted
		case "*":
			others = accepted
		}
	}
	return others
}
