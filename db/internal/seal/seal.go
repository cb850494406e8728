// Package seal encrypts what a stolen database must not reveal: TOTP secrets,
// password hashes, backup codes, messages with codes (ST-04).
//
// It is AES-256-GCM with a random nonce for each value. The first byte of the
// ciphertext is the id of the key, so that older values can be decrypted after a
// new key has been added (ST-06). It does not protect against an attacker who
// also has the server's keys.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"twostep/auth"
)

// A Sealer encrypts and decrypts values.
type Sealer struct{ Keys auth.Keyring }

// A Place is where a sealed value is stored. It is authenticated with the
// ciphertext, so a value copied to another row fails to decrypt.
type Place struct {
	Table, Column string
	Owner         string // the row's id, or its account's if an account has one row
}

func (p Place) additionalData() []byte { return []byte(p.Table + "\x00" + p.Column + "\x00" + p.Owner) }

// ErrOpen is returned for a value that fails to decrypt.
var ErrOpen = errors.New("sealed value does not open: it was encrypted with another key, moved or changed")

// Seal encrypts a value for its place with the newest key.
func (s Sealer) Seal(p Place, plain []byte) ([]byte, error) {
	id, key := s.Keys.Newest(auth.KeySeal)
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return gcm.Seal([]byte{id}, nil, plain, p.additionalData()), nil
}

// Open decrypts a value. It fails closed: a value that is not authentic is an
// error and never empty (ST-09).
func (s Sealer) Open(p Place, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, fmt.Errorf("%s.%s: %w", p.Table, p.Column, ErrOpen)
	}
	key, found := s.Keys.ByID(sealed[0], auth.KeySeal)
	if !found {
		return nil, fmt.Errorf("%s.%s: keyring has no key %d", p.Table, p.Column, sealed[0])
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nil, sealed[1:], p.additionalData())
	if err != nil {
		return nil, fmt.Errorf("%s.%s: %w", p.Table, p.Column, ErrOpen)
	}
	return plain, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
