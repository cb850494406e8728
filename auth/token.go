package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// A Token is the secret by which a browser refers to its session, attempt or
// known device: 256 random bits (SE-01 asks for 128), base64url. Only the cookie
// has it. The database keeps its hash, so tokens cannot be read from a stolen
// database.
type Token string

// NewToken returns a random token.
func NewToken() Token {
	var b [32]byte
	rand.Read(b[:])
	return Token(base64.RawURLEncoding.EncodeToString(b[:]))
}

// Hash is the SHA-256 of the token, base64url. A plain hash is enough because a
// token has too many bits to be guessed.
func (t Token) Hash() string {
	sum := sha256.Sum256([]byte(t))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
