package oidc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"time"

	"github.com/go-jose/go-jose/v4"

	"twostep/auth"
)

// An Algorithm signs tokens (7518 section 3.1).
type Algorithm string

// The algorithms. EdDSA is not one: many clients do not know it.
const (
	RS256 Algorithm = "RS256" // the default: some clients know nothing else (C 15.1)
	ES256 Algorithm = "ES256" // a signature takes a twentieth of the time
)

// Algorithms lists them.
var Algorithms = []Algorithm{RS256, ES256}

// A SigningKey signs the tokens of apps of one algorithm. It is published before it
// signs, because some clients read the key set only when they start, and stays
// published until the last token it has signed has expired (OI-31).
type SigningKey struct {
	ID          string // 7638 thumbprint of its public half, base64url
	Alg         Algorithm
	Private     []byte // PKCS #8, sealed in the store; nil once it is erased after retirement
	Public      string // JSON web key, kept for good: it verifies hints
	PublishedAt time.Time
	SignsFrom   time.Time
	RetiredAt   time.Time // it signs until then; zero: for good
}

// newSigningKey returns a random key that signs from a time on.
func newSigningKey(alg Algorithm, now, signsFrom time.Time) (SigningKey, error) {
	var private crypto.Signer
	var err error
	if alg == ES256 {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		private, err = rsa.GenerateKey(rand.Reader, auth.SigningKeyBits)
	}
	if err != nil {
		return SigningKey{}, err
	}
	public := jose.JSONWebKey{Key: private.Public(), Algorithm: string(alg), Use: "sig"}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return SigningKey{}, err
	}
	k := SigningKey{ID: base64.RawURLEncoding.EncodeToString(thumbprint), Alg: alg, PublishedAt: now, SignsFrom: signsFrom}
	public.KeyID = k.ID
	text, err := public.MarshalJSON()
	if err != nil {
		return SigningKey{}, err
	}
	k.Public = string(text)
	k.Private, err = x509.MarshalPKCS8PrivateKey(private)
	return k, err
}

// published reports whether the key set lists the key: tokens that it has signed may be
// valid, or will be.
func (k SigningKey) published(now time.Time) bool {
	return k.RetiredAt.IsZero() || now.Before(k.RetiredAt.Add(auth.AppTokenLifetime+auth.ClockSkew))
}

// signs reports whether tokens are signed with the key.
func (k SigningKey) signs(now time.Time) bool {
	return len(k.Private) > 0 && !now.Before(k.SignsFrom) && (k.RetiredAt.IsZero() || now.Before(k.RetiredAt))
}

// A KeyState is what a signing key is used for.
type KeyState string

// The states.
const (
	KeyWaiting KeyState = "waiting" // published, and signs from SignsFrom
	KeySigning KeyState = "signing"
	KeyRetired KeyState = "retired"
)

// State returns what the key is used for.
func (k SigningKey) State(now time.Time) KeyState {
	switch {
	case k.signs(now):
		return KeySigning
	case now.Before(k.SignsFrom):
		return KeyWaiting
	}
	return KeyRetired
}

// SigningKeys returns all keys, the oldest first.
func (p *Provider) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	return p.store.FindSigningKeys(ctx)
}

// RotateSigningKeys adds a key for each algorithm. It replaces the present one in
// [auth.SigningKeyPublished] from now. rotated is false if a key is waiting already.
func (p *Provider) RotateSigningKeys(ctx context.Context) (rotated bool, err error) {
	now := p.now()
	if _, err := p.keySet(ctx, now); err != nil { // which adds the first ones
		return false, err
	}
	keys := make([]SigningKey, len(Algorithms))
	for i, alg := range Algorithms {
		if keys[i], err = newSigningKey(alg, now, now.Add(auth.SigningKeyPublished)); err != nil {
			return false, err
		}
	}
	return p.store.AddNextSigningKeys(ctx, keys, now)
}

// addFirstSigningKey adds the first key of an algorithm. No client has read the key set
// yet, so it signs at once.
func (p *Provider) addFirstSigningKey(ctx context.Context, alg Algorithm, now time.Time) error {
	k, err := newSigningKey(alg, now, now)
	if err != nil {
		return err
	}
	return p.store.AddFirstSigningKey(ctx, k)
}
