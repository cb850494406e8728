package oidc

import (
	"crypto/sha256"
	"sync"

	"twostep/auth"
)

// knownTokens remembers the access tokens that this server has signed or verified, because
// verifying a signature takes longer than the rest of a userinfo request. It remembers only
// the signature and the claims: each use checks that the token has not expired and that
// its grant is active.
//
// It forgets the older half when it is full, so that tokens cannot fill the memory.
type knownTokens struct {
	mu            sync.Mutex
	recent, older map[[sha256.Size]byte]accessToken
}

func (k *knownTokens) find(token string) (t accessToken, known bool) {
	hash := sha256.Sum256([]byte(token))
	k.mu.Lock()
	defer k.mu.Unlock()
	if t, known = k.recent[hash]; !known {
		t, known = k.older[hash]
	}
	return t, known
}

func (k *knownTokens) add(token string, t accessToken) {
	hash := sha256.Sum256([]byte(token))
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.recent) >= auth.KnownTokensMax/2 || k.recent == nil {
		k.older, k.recent = k.recent, map[[sha256.Size]byte]accessToken{}
	}
	k.recent[hash] = t
}
