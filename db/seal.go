package db

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"twostep/auth"
)

// A sealer encrypts what a stolen database must not tell: keys of apps, hashes
// of passwords, backup codes not yet seen, messages with codes in them (ST-04). AES-256-GCM with a
// nonce drawn for each value; the first byte names the key of the ring, so that
// old values open while a new key seals (ST-06).
//
// It does not help against who has the server's keys too.
type sealer struct{ keys auth.Keyring }

// A place is where a sealed value stands. It is part of the seal, so that
// nobody who can write to the database can lend one row's secret to another.
type place struct {
	table, column string
	owner         string // the row's id, or its account's where there is one an account
}

// The places of sealed values.
func totpSecret(user auth.UserID) place   { return place{"totp", "secret", string(user)} }
func enrolmentSecret(id string) place     { return place{"totp_enrolments", "secret", id} }
func unseenCodes(user auth.UserID) place  { return place{"backup_code_sets", "unseen", string(user)} }
func messageBody(id string) place         { return place{"messages", "body", id} }
func passwordHash(user auth.UserID) place { return place{"users", "password_sealed", string(user)} }
func newHash(attempt string) place        { return place{"attempts", "new_sealed", attempt} }
func (p place) bound() []byte             { return []byte(p.table + "\x00" + p.column + "\x00" + p.owner) }

var errSealed = errors.New("a sealed value does not open: it was sealed with another key, moved or changed")

func (s sealer) seal(p place, plain []byte) ([]byte, error) {
	id, key := s.keys.Newest(auth.KeySeal)
	gcm, err := sealing(key)
	if err != nil {
		return nil, err
	}
	return gcm.Seal([]byte{id}, nil, plain, p.bound()), nil
}

// open fails closed: a value that cannot be trusted is an error, never empty (ST-09).
func (s sealer) open(p place, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, fmt.Errorf("%s.%s: %w", p.table, p.column, errSealed)
	}
	key, found := s.keys.ByID(sealed[0], auth.KeySeal)
	if !found {
		return nil, fmt.Errorf("%s.%s: the key ring has no key %d", p.table, p.column, sealed[0])
	}
	gcm, err := sealing(key)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nil, sealed[1:], p.bound())
	if err != nil {
		return nil, fmt.Errorf("%s.%s: %w", p.table, p.column, errSealed)
	}
	return plain, nil
}

func sealing(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
