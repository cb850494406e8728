package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"

	"twostep/auth/passkeytest"
)

// secondOpinion verifies an assertion of example.org with the standard library only. It
// was written from the standard (WebAuthn Level 3, section 7.2), not from the guards.
func secondOpinion(posted string, key crypto.PublicKey) bool {
	var credential struct {
		Response struct{ ClientDataJSON, AuthenticatorData, Signature string }
	}
	if json.Unmarshal([]byte(posted), &credential) != nil {
		return false
	}
	decode := func(text string) []byte { b, _ := base64.RawURLEncoding.DecodeString(text); return b }
	client := decode(credential.Response.ClientDataJSON)
	data := decode(credential.Response.AuthenticatorData)
	signature := decode(credential.Response.Signature)
	var c struct {
		Type, Challenge, Origin string
		CrossOrigin             bool
		TopOrigin               *string
	}
	if json.Unmarshal(client, &c) != nil || c.Type != "webauthn.get" || c.Origin != "https://example.org" || c.CrossOrigin || c.TopOrigin != nil {
		return false
	}
	if c.Challenge != "Y2hhbGxlbmdlIG9mIGEgcGFnZQ" || len(data) != 37 {
		return false
	}
	site := sha256.Sum256([]byte("example.org"))
	flags := data[32]
	present, eligible, backedUp := flags&1 != 0, flags&8 != 0, flags&16 != 0
	more := flags&(64|128) != 0 // announces data that is not there
	if [32]byte(data[:32]) != site || !present || backedUp && !eligible || more {
		return false
	}
	hash := sha256.Sum256(client)
	signed := append(data, hash[:]...)
	digest := sha256.Sum256(signed)
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest[:], signature)
	case ed25519.PublicKey:
		return ed25519.Verify(key, signed, signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	}
	return false
}

// TestPasskeyAssertion_SecondOpinion changes every byte of responses, shortens them
// everywhere, and signs every combination of flags. Guards and library have the same
// verdict as another implementation (PK-27).
func TestPasskeyAssertion_SecondOpinion(t *testing.T) {
	changed, accepted := 0, 0
	for _, algorithm := range passkeyAlgorithms {
		d := &passkeytest.Device{Algorithm: algorithm}
		made, err := parseRegistration(create(t, d), exampleParty)
		if err != nil {
			t.Fatal(err)
		}
		public := d.Passkeys()[0].Public()
		check := func(what, posted string) {
			want := secondOpinion(posted, public)
			if err := verifies(posted, made.publicKey); (err == nil) != want {
				t.Errorf("algorithm %d, %s: %v, but the second opinion is %t", algorithm, what, err, want)
			}
			changed++
			if want {
				accepted++
			}
		}
		posted := get(t, d)
		check("unchanged", posted)
		var credential postedCredential
		if err := json.Unmarshal([]byte(posted), &credential); err != nil {
			t.Fatal(err)
		}
		part := func(what string, field *base64URL) {
			whole := *field
			post := func(b []byte) {
				*field = b
				text, _ := json.Marshal(credential)
				check(what, string(text))
			}
			for i := range whole {
				for _, flip := range []byte{1, 0x20, 0x80} {
					b := append([]byte(nil), whole...)
					b[i] ^= flip
					post(b)
				}
				post(whole[:i])
			}
			post(append(whole[:len(whole):len(whole)], 0))
			*field = whole
		}
		part("authenticator data", &credential.Response.AuthenticatorData)
		part("client data", &credential.Response.ClientDataJSON)
		part("signature", &credential.Response.Signature)
		for flags := range 256 {
			d.Tamper = func(r *passkeytest.Response) { r.Flags = byte(flags) }
			check("flags", get(t, d))
		}
	}
	t.Logf("%d responses, %d accepted", changed, accepted)
	if accepted < len(passkeyAlgorithms)*20 {
		t.Errorf("only %d responses were accepted", accepted)
	}
}
