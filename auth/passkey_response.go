package auth

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// The library parses what authenticators send and verifies signatures. The guards of
// this file, the only one that uses it, do what it leaves to its callers: they bound
// what is parsed, drop members that nobody asked for, compare origins byte for byte,
// and restrict keys and flags. They know neither accounts nor time: whether the
// challenge is the right one is for the caller to decide.

// A relyingParty is the site that a response must be made for.
type relyingParty struct {
	id     string // RP ID: the domain that passkeys belong to
	origin string // of the pages, as browsers write it
}

// A passkeyResponse is what a registration and an assertion have in common.
type passkeyResponse struct {
	credentialID   []byte
	challenge      []byte // that was signed; not checked yet
	userVerified   bool   // by a PIN, a fingerprint or a face
	backupEligible bool   // may be synced to other devices
	backedUp       bool   // is synced at present
	signCount      uint32 // of signatures; 0 from authenticators that do not count
}

// A registration is a new passkey. Nothing in it is attested: the AAGUID, which names
// the make of the authenticator, is what the client says (PK-14).
type registration struct {
	passkeyResponse
	publicKey  []byte   // COSE
	aaguid     string   // hexadecimal
	transports []string // how browsers reach the authenticator
}

// An assertion is a signature with a passkey, which [assertion.verify] checks.
type assertion struct {
	passkeyResponse
	userHandle []byte // empty if the authenticator did not send one
	parsed     *protocol.ParsedCredentialAssertionData
}

// passkeyAlgorithms are those that are asked for, the preferred one first, and no
// others are accepted (PK-09).
var passkeyAlgorithms = []int{int(webauthncose.AlgES256), int(webauthncose.AlgEdDSA), int(webauthncose.AlgRS256)}

// passkeyTransports are those that browsers know.
var passkeyTransports = []string{"ble", "hybrid", "internal", "nfc", "smart-card", "usb"}

// parseRegistration parses a new passkey. It ignores the attestation statement: none is
// requested, but some authenticators send one.
func parseRegistration(posted string, rp relyingParty) (registration, error) {
	credential, err := cleanCredential(posted)
	if err != nil {
		return registration{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return registration{}, errors.New("malformed registration")
	}
	response := parsed.Response
	authenticator := response.AttestationObject.AuthData
	r := registration{
		publicKey: authenticator.AttData.CredentialPublicKey, aaguid: hex.EncodeToString(authenticator.AttData.AAGUID),
	}
	r.passkeyResponse, err = checkResponse(parsed.RawID, response.CollectedClientData, protocol.CreateCeremony, authenticator, rp)
	if err != nil {
		return registration{}, err
	}
	if !bytes.Equal(authenticator.AttData.CredentialID, r.credentialID) {
		return registration{}, errors.New("credential ID differs from the attested one")
	}
	for _, transport := range response.Transports {
		if t := string(transport); slices.Contains(passkeyTransports, t) && !slices.Contains(r.transports, t) {
			r.transports = append(r.transports, t)
		}
	}
	return r, checkPublicKey(r.publicKey)
}

// parseAssertion parses a signature with a passkey.
func parseAssertion(posted string, rp relyingParty) (assertion, error) {
	credential, err := cleanCredential(posted)
	if err != nil {
		return assertion{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return assertion{}, errors.New("malformed assertion")
	}
	response := parsed.Response
	common, err := checkResponse(parsed.RawID, response.CollectedClientData, protocol.AssertCeremony, response.AuthenticatorData, rp)
	return assertion{common, response.UserHandle, parsed}, err
}

// verify checks the signature against the key that was registered.
func (a assertion) verify(publicKey []byte, rp relyingParty) error {
	challenge := a.parsed.Response.CollectedClientData.Challenge
	err := a.parsed.Verify(challenge, rp.id, "", []string{rp.origin}, nil, nil, protocol.TopOriginExplicitVerificationMode,
		false, false, true, publicKey, protocol.SignaturePolicy{})
	if err != nil {
		return errors.New("signature does not match")
	}
	return nil
}

// A postedCredential has the members of a PublicKeyCredential that are used. Others
// are dropped: the library fails on an extension output of a type that it does not
// expect, and some clients send outputs of extensions that were not requested (PK-16).
type postedCredential struct {
	ID       base64URL `json:"id"`
	RawID    base64URL `json:"rawId"`
	Type     string    `json:"type"`
	Response struct {
		ClientDataJSON    base64URL `json:"clientDataJSON"`
		AttestationObject base64URL `json:"attestationObject,omitempty"`
		AuthenticatorData base64URL `json:"authenticatorData,omitempty"`
		Signature         base64URL `json:"signature,omitempty"`
		UserHandle        base64URL `json:"userHandle,omitempty"`
		Transports        []string  `json:"transports,omitempty"`
	} `json:"response"`
}

// cleanCredential bounds what was posted, and returns it with the used members only.
func cleanCredential(posted string) ([]byte, error) {
	if len(posted) > PasskeyResponseMax {
		return nil, errors.New("response is too long")
	}
	if nesting([]byte(posted)) > PasskeyNestingMax {
		return nil, errors.New("response is nested too deeply")
	}
	var c postedCredential
	if err := json.Unmarshal([]byte(posted), &c); err != nil {
		return nil, errors.New("response is not the JSON of a credential")
	}
	if len(c.RawID) == 0 || len(c.RawID) > CredentialIDMax {
		return nil, errors.New("credential ID of a wrong length")
	}
	if nesting(c.Response.ClientDataJSON) > PasskeyNestingMax {
		return nil, errors.New("client data is nested too deeply")
	}
	return json.Marshal(c)
}

// checkResponse checks what both ceremonies have in common (W3C WebAuthn Level 3,
// sections 7.1 and 7.2).
func checkResponse(id []byte, client protocol.CollectedClientData, ceremony protocol.CeremonyType, authenticator protocol.AuthenticatorData, rp relyingParty) (passkeyResponse, error) {
	flags := authenticator.Flags
	r := passkeyResponse{
		credentialID: id, userVerified: flags.HasUserVerified(), backupEligible: flags.HasBackupEligible(),
		backedUp: flags.HasBackupState(), signCount: authenticator.Counter,
	}
	origins := []string{rp.origin}
	err := client.Verify(client.Challenge, ceremony, origins, nil, nil, protocol.TopOriginExplicitVerificationMode, false)
	if err != nil || client.Origin != rp.origin || client.TopOrigin != "" { // the library ignores a path and a default port
		return r, errors.New("client data of another ceremony or origin")
	}
	var challenge base64URL
	if err := challenge.UnmarshalText([]byte(client.Challenge)); err != nil {
		return r, errors.New("challenge is not base64url")
	}
	r.challenge = challenge
	if err := authenticator.Verify(rpIDHash(rp.id), nil, false, true); err != nil {
		return r, errors.New("authenticator data of another site, or no user present")
	}
	if r.backedUp && !r.backupEligible {
		return r, errors.New("backed up but not eligible")
	}
	return r, nil
}

// checkPublicKey checks that a key has a requested algorithm and a sane size, and that
// its point is on the curve: a key without that would fail only at the first sign-in.
func checkPublicKey(key []byte) error {
	parsed, err := webauthncose.ParsePublicKey(key)
	if err != nil {
		return errors.New("malformed public key")
	}
	switch k := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		if k.Algorithm == int64(webauthncose.AlgES256) && k.Curve == int64(webauthncose.P256) {
			return nil
		}
	case webauthncose.OKPPublicKeyData:
		if k.Algorithm == int64(webauthncose.AlgEdDSA) && k.Curve == int64(webauthncose.Ed25519) {
			return nil
		}
	case webauthncose.RSAPublicKeyData:
		bits := new(big.Int).SetBytes(k.Modulus).BitLen()
		exponent := new(big.Int).SetBytes(k.Exponent)
		if k.Algorithm == int64(webauthncose.AlgRS256) && bits >= 2048 && bits <= 4096 && exponent.Cmp(big.NewInt(65537)) == 0 {
			return nil
		}
	}
	return errors.New("public key of another kind than requested")
}
