package auth

import (
	"crypto/sha256"
	"encoding/base64"
)

// nesting returns how deeply JSON is nested. It counts brackets without a parser, so
// that a parser gets only what it can handle.
func nesting(text []byte) int {
	depth, deepest := 0, 0
	quoted, escaped := false, false
	for _, c := range text {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// base64URL is text in base64url without padding. Only the canonical encoding of a
// value is accepted, so that one value has one text.
type base64URL []byte

// MarshalText implements [encoding.TextMarshaler].
func (b base64URL) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (b *base64URL) UnmarshalText(text []byte) (err error) {
	*b, err = base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	if err == nil && base64.RawURLEncoding.EncodedLen(len(*b)) != len(text) { // the decoder skips line breaks
		err = base64.CorruptInputError(0)
	}
	return err
}

func (b base64URL) String() string { return base64.RawURLEncoding.EncodeToString(b) }

func rpIDHash(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:]
}
