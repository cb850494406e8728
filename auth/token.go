package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// A Token is the secret by which a browser refers to its session or attempt:
// 256 random bits (SE-01 asks for 128), base64url. It lives in the cookie and
// nowhere else; the database keeps its hash, so a stolen dump opens nothing.
type Token string

// NewToken draws a handle from the system's generator.
func NewToken() Token {
	var b [32]byte
	rand.Read(b[:])
	return Token(base64.RawURLEncoding.EncodeToString(b[:]))
}

// Hash is what the store keeps and looks up: SHA-256, base64url. A plain hash
// is enough, for a handle has too many bits to be guessed.
func (h Token) Hash() string {
	sum := sha256.Sum256([]byte(h))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
