package oidc

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"strconv"

	"twostep/auth"
)

// NewSecret gives a web app another secret. Its newest one stays valid, so that the app can
// change over. endPrevious ends the previous secret: if two are valid, the older of them,
// without a new secret; otherwise the only one, at once.
//
// The app is as the operator saw it. If it was changed since, nothing happens: posting a
// form twice must not end a secret in use. The second time it returns the same secret, see
// [auth.Rules.SecretSeeds].
func (p *Provider) NewSecret(ctx context.Context, by auth.Operator, app App, endPrevious bool) (secret string, err error) {
	if app.Public() {
		return "", invalid("", "only a web app has a secret")
	}
	event, keep := auth.OperatorAddedSecret, auth.AppSecretsMax-1
	seeds := p.rules.SecretSeeds(by, app.ID+" "+strconv.Itoa(app.Version))
	secret = newSecret(seeds[0])
	switch {
	case endPrevious && len(app.SecretHashes) > 1:
		event, keep, secret = auth.OperatorEndedSecret, 1, ""
	case endPrevious:
		event, keep = auth.OperatorReplacedSecret, 0
	}
	changes, err := p.rules.AppAct(ctx, by, true, auth.Event{Type: event, Name: app.label()})
	if err != nil {
		return "", err
	}
	replaced, err := p.store.ReplaceAppSecrets(ctx, app, hashOf(secret), keep, changes)
	if err := p.rules.Acted(ctx, changes, replaced, err); err != nil {
		return "", err
	}
	if replaced {
		return secret, nil
	}
	found, err := p.store.FindApp(ctx, app.ID)
	if err != nil || secret == "" && len(found.SecretHashes) == 1 {
		return "", err
	}
	if secret := found.secretOf(seeds); secret != "" {
		return secret, nil
	}
	return "", outdated()
}

// secretOf returns the app's valid secret that is made of one of these seeds.
func (a App) secretOf(seeds []auth.Token) string {
	for _, seed := range seeds {
		if secret := newSecret(seed); a.hasSecret(secret) {
			return secret
		}
	}
	return ""
}

// hasSecret reports whether a secret is one of the app's, in constant time.
func (a App) hasSecret(secret string) bool {
	given, found := []byte(hash(secret)), 0
	for _, h := range a.SecretHashes {
		found |= subtle.ConstantTimeCompare(given, []byte(h))
	}
	return found == 1
}

// hashOf is hash, and empty for no secret.
func hashOf(secret string) string {
	if secret == "" {
		return ""
	}
	return hash(secret)
}

// newSecret makes a secret of a random seed of 256 bits, in letters and digits only: the
// secret then is the same with and without the encoding of 6749 section 2.3.1, which some
// clients forget.
func newSecret(seed auth.Token) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	const fair = 256 - 256%len(alphabet) // a byte from here on would make some characters likelier
	secret := make([]byte, 0, auth.AppSecretLength)
	for part := 0; len(secret) < auth.AppSecretLength; part++ {
		random, err := hkdf.Key(sha256.New, []byte(seed), nil, "secret of an app "+strconv.Itoa(part), 64)
		if err != nil {
			panic(err) // only for a length that is too long
		}
		for _, b := range random {
			if int(b) < fair && len(secret) < auth.AppSecretLength {
				secret = append(secret, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(secret)
}
