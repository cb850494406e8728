package oidc

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"twostep/auth"
)

// A keySet has the signing keys, parsed. All calls share one until it is reloaded.
type keySet struct {
	keys   []parsedKey // the oldest first
	readAt time.Time
}

// A parsedKey is a signing key ready for use.
type parsedKey struct {
	SigningKey
	public  jose.JSONWebKey
	signers map[string]jose.Signer // by the type of the token; nil without the private half
}

// A keyCache keeps the key set and reads it again once a minute, so that servers learn
// of a key that another one, or a command, has added: long before it signs.
type keyCache struct {
	mu  sync.Mutex // held while reading, so that a key is parsed once
	set *keySet
}

// The types of signed tokens (7519 section 5.1).
const (
	idTokenType     = "JWT"
	accessTokenType = "at+jwt"     // 9068 section 2.1: it never passes as an ID token (OI-22)
	logoutTokenType = "logout+jwt" // Back-Channel Logout 1.0 section 2.4
)

// keySet returns the keys. The first call on an empty database makes them.
func (p *Provider) keySet(ctx context.Context, now time.Time) (*keySet, error) {
	p.keys.mu.Lock()
	defer p.keys.mu.Unlock()
	if set := p.keys.set; set != nil && now.Sub(set.readAt).Abs() < auth.SigningKeysReload {
		return set, nil
	}
	stored, err := p.store.FindSigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	missing := false
	for _, alg := range Algorithms {
		if !slices.ContainsFunc(stored, func(k SigningKey) bool { return k.Alg == alg }) {
			if err := p.addFirstSigningKey(ctx, alg, now); err != nil {
				return nil, err
			}
			missing = true
		}
	}
	if missing {
		if stored, err = p.store.FindSigningKeys(ctx); err != nil {
			return nil, err
		}
	}
	set := &keySet{readAt: now}
	for _, k := range stored {
		parsed, err := p.keys.parse(k)
		if err != nil {
			return nil, fmt.Errorf("signing key %s: %w", k.ID, err)
		}
		set.keys = append(set.keys, parsed)
	}
	p.keys.set = set
	return set, nil
}

// parse parses a key unless that has been done: an RSA key takes a millisecond.
func (c *keyCache) parse(k SigningKey) (parsedKey, error) {
	if c.set != nil {
		if old := c.set.byID(k.ID); old != nil {
			parsed := *old
			parsed.SigningKey = k
			return parsed, nil
		}
	}
	parsed := parsedKey{SigningKey: k}
	if err := parsed.public.UnmarshalJSON([]byte(k.Public)); err != nil {
		return parsed, err
	}
	if len(k.Private) == 0 {
		return parsed, nil
	}
	private, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return parsed, err
	}
	parsed.signers = map[string]jose.Signer{}
	for _, kind := range []string{idTokenType, accessTokenType, logoutTokenType} {
		key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.Alg), Key: jose.JSONWebKey{Key: private, KeyID: k.ID}}
		parsed.signers[kind], err = jose.NewSigner(key, (&jose.SignerOptions{}).WithType(jose.ContentType(kind)))
		if err != nil {
			return parsed, err
		}
	}
	return parsed, nil
}

func (s *keySet) byID(id string) *parsedKey {
	for i := range s.keys {
		if s.keys[i].ID == id {
			return &s.keys[i]
		}
	}
	return nil
}

// sign signs claims as a token of a type.
func (s *keySet) sign(alg Algorithm, kind string, claims any, now time.Time) (string, error) {
	k, err := s.signingKey(alg, now)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := k.signers[kind].Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// signingKey returns the newest key that signs or, if the clock was set back to before
// the first one, that one.
func (s *keySet) signingKey(alg Algorithm, now time.Time) (parsedKey, error) {
	for _, k := range slices.Backward(s.keys) {
		if k.Alg == alg && k.signs(now) {
			return k, nil
		}
	}
	for _, k := range s.keys {
		if k.Alg == alg && len(k.Private) > 0 {
			return k, nil
		}
	}
	return parsedKey{}, fmt.Errorf("no %s key signs", alg)
}

// errToken is returned for every token that cannot be used, whatever the reason.
var errToken = errors.New("invalid token")

// verify checks the signature and the type of a token and parses its claims. It does not
// check what they say. Only this site's own keys and algorithms are accepted, and no access
// token of a retired key, with which a thief of the key could still sign.
func (s *keySet) verify(token, kind string, claims any, now time.Time) error {
	if len(token) > auth.AppTokenMax {
		return errToken
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil || len(signed.Signatures) != 1 {
		return errToken
	}
	header := signed.Signatures[0].Protected
	k := s.byID(header.KeyID)
	if k == nil || header.Algorithm != string(k.Alg) || header.ExtraHeaders[jose.HeaderType] != kind {
		return errToken
	}
	if kind == accessTokenType && !k.published(now) {
		return errToken
	}
	payload, err := signed.Verify(k.public)
	if err != nil || json.Unmarshal(payload, claims) != nil {
		return errToken
	}
	return nil
}

// KeySet is the public half of every published key, as JSON (7517 section 5).
func (p *Provider) KeySet(ctx context.Context) (jose.JSONWebKeySet, error) {
	now := p.now()
	set, err := p.keySet(ctx, now)
	if err != nil {
		return jose.JSONWebKeySet{}, err
	}
	var published jose.JSONWebKeySet
	for _, k := range set.keys {
		if k.published(now) {
			published.Keys = append(published.Keys, k.public)
		}
	}
	return published, nil
}
