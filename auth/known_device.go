package auth

import (
	"context"
	"crypto/hmac"
	"strings"
	"time"
)

// A KnownDevice is a browser that has signed in to an account before,
// recognised by a random token in a cookie. It authenticates nobody and replaces
// no factor (FF-09): sign-ins from other browsers are notified to the owner, and
// its failures have a count of their own.
//
// One browser has one token for all accounts. Each sign-in replaces it, so that a copy of
// the cookie, stolen from this browser or planted in it, is of no use afterwards.
type KnownDevice struct {
	ID           string // names it on pages
	User         UserID
	TokenHash    string
	SeenAt       time.Time
	UserAgent    string    // at the last sign-in
	RememberedAt time.Time // zero if it is not remembered, see [Rules.remembered]
}

// IsClient reports whether a request comes from the device.
func (d KnownDevice) IsClient(client Client) bool {
	return hmac.Equal([]byte(d.TokenHash), []byte(client.DeviceToken.Hash()))
}

// knownDevice asks the store without an account too, so that the time does not show
// that there is none. It returns a zero device if it is not known.
func (r *Rules) knownDevice(ctx context.Context, user UserID, client Client) (KnownDevice, error) {
	if client.DeviceToken == "" {
		return KnownDevice{}, nil
	}
	device, err := r.store.FindKnownDevice(ctx, user, client.DeviceToken.Hash())
	return device, ignoreNotFound(err)
}

func (r *Rules) isKnownDevice(ctx context.Context, user UserID, client Client) (bool, error) {
	device, err := r.knownDevice(ctx, user, client)
	return device.ID != "", err
}

// deviceTokens returns the token that follows the client's, as [Rules.tokens] does. It
// depends on the cookies that a form came with and not on the form, so concurrent
// sign-ins in one browser agree on it. A copy of the device cookie does not lead to
// it without the browser's other cookie.
func (r *Rules) deviceTokens(s submission, now time.Time) []Token {
	return r.tokens(deviceToken, submission{from: s.from, response: string(s.device)}, now)
}

// replacedDevice returns the token that a sign-in has given to the device; empty if the
// submission was none, or another sign-in has replaced it since.
func (r *Rules) replacedDevice(ctx context.Context, user UserID, s submission, now time.Time) (Token, error) {
	for _, token := range r.deviceTokens(s, now) {
		if known, err := r.isKnownDevice(ctx, user, Client{DeviceToken: token}); known || err != nil {
			return token, err
		}
	}
	return "", nil
}

// SignDevice returns the text of the device cookie with a token.
func (k Keyring) SignDevice(token Token) string {
	_, key := k.Newest(KeyDevice)
	return string(token) + "." + string(tokenMAC(key, string(token)))
}

// DeviceToken returns the token of a text by [Keyring.SignDevice], with any key, or
// an empty one: a client cannot choose a token.
func (k Keyring) DeviceToken(text string) Token {
	token, mac, _ := strings.Cut(text, ".")
	for _, key := range k.All(KeyDevice) {
		if hmac.Equal([]byte(mac), []byte(tokenMAC(key, token))) {
			return Token(token)
		}
	}
	return ""
}
