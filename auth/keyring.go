package auth

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Keyring is the server's keys, newest first. No key is used directly: each
// purpose derives its own (HKDF-SHA-256), so that a leak from one purpose does not
// affect another (ST-06). The constants below are the inventory of purposes and
// algorithms; HMAC-SHA-1 is used only for TOTP, because some authenticator apps
// support nothing else (TO-03).
type Keyring struct {
	list   []serverKey
	source *keySource // of a keyring that can be reloaded, see [LoadKeyring]; otherwise nil
}

type serverKey struct {
	id     byte
	secret []byte
}

// The purposes of derived keys. A new use gets a new name, never an old one.
const (
	KeySeal          = "twostep seal v1"          // AES-256-GCM: secrets at rest
	KeySentCode      = "twostep sent code v1"     // HMAC-SHA-256: codes by SMS and email
	KeyCookieSign    = "twostep cookie sign v1"   // HMAC-SHA-256: the cookie
	KeyCookieEncrypt = "twostep cookie hide v1"   // AES-256-CTR: the cookie
	KeyForm          = "twostep form v1"          // HMAC-SHA-256: form tokens
	KeyRepeat        = "twostep repeat v1"        // HMAC-SHA-256: tokens of what a form leads to
	KeyDevice        = "twostep device v1"        // HMAC-SHA-256: the device cookie
	KeyPasskey       = "twostep passkey v1"       // HMAC-SHA-256: challenges that passkeys sign
	KeyWebhook       = "twostep webhook v1"       // HMAC-SHA-256: requests to a webhook
	keyLength        = 32                         // bytes: AES-256 and 256-bit HMAC keys
	keyFormatReason  = "each line must be ID:KEY" // shown to the operator
)

// NewKeyring returns a keyring with one random key.
func NewKeyring() Keyring {
	secret := make([]byte, keyLength)
	rand.Read(secret)
	return Keyring{list: []serverKey{{id: 1, secret: secret}}}
}

// ParseKeyring parses "ID:KEY" entries separated by white space, newest first: ID
// from 1 to 255 and KEY 32 bytes in base64. It refuses an empty keyring, a duplicate
// id and a key that is obviously not random (ST-05).
func ParseKeyring(text string) (Keyring, error) {
	var k Keyring
	seen := map[byte]bool{}
	for _, line := range strings.Fields(text) {
		left, right, ok := strings.Cut(line, ":")
		id, err := strconv.ParseUint(left, 10, 8)
		if !ok || err != nil || id == 0 {
			return Keyring{}, fmt.Errorf("%s, with ID from 1 to 255", keyFormatReason)
		}
		secret, err := base64.StdEncoding.DecodeString(right)
		if err != nil || len(secret) != keyLength {
			return Keyring{}, fmt.Errorf("%s, with KEY 32 random bytes in base64", keyFormatReason)
		}
		if sampleKey(secret) {
			return Keyring{}, fmt.Errorf("key %d is a sample, not a random key", id)
		}
		if seen[byte(id)] {
			return Keyring{}, fmt.Errorf("key id %d is used twice", id)
		}
		seen[byte(id)] = true
		k.list = append(k.list, serverKey{id: byte(id), secret: secret})
	}
	if len(k.list) == 0 {
		return Keyring{}, errors.New("the keyring is empty")
	}
	return k, nil
}

// sampleKey reports whether a key has fewer than eight different bytes. A random key
// has with a probability of about 10^-44, a typed or sample key often.
func sampleKey(secret []byte) bool {
	different := 0
	for b := range 256 {
		if bytes.IndexByte(secret, byte(b)) >= 0 {
			different++
		}
	}
	return different < 8
}

// String formats the keyring for [ParseKeyring]. It contains the secret keys.
func (k Keyring) String() string {
	var b strings.Builder
	for _, key := range k.keys() {
		fmt.Fprintf(&b, "%d:%s\n", key.id, base64.StdEncoding.EncodeToString(key.secret))
	}
	return b.String()
}

// Newest returns the id of the newest key and its derived key for a purpose.
func (k Keyring) Newest(purpose string) (id byte, key []byte) {
	newest := k.keys()[0]
	return newest.id, derive(newest.secret, purpose)
}

// ByID returns the derived key of the key with that id. An unknown one may have just
// been added, so the keyring is reloaded for it.
func (k Keyring) ByID(id byte, purpose string) (key []byte, found bool) {
	for range 2 {
		for _, key := range k.keys() {
			if key.id == id {
				return derive(key.secret, purpose), true
			}
		}
		if changed, _ := k.Reload(); !changed {
			return nil, false
		}
	}
	return nil, false
}

// All returns the derived keys for a purpose, newest first.
func (k Keyring) All(purpose string) [][]byte {
	keys := k.keys()
	all := make([][]byte, len(keys))
	for i, key := range keys {
		all[i] = derive(key.secret, purpose)
	}
	return all
}

func derive(secret []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, keyLength)
	if err != nil {
		panic(err) // fails only for a length out of range
	}
	return key
}
