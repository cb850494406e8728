// Package passkeytest has an authenticator in software, for tests. It does what a
// browser and an authenticator do together: it takes the options of a page and returns
// the text that the page's script posts.
package passkeytest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
)

// The algorithms, by their COSE identifiers.
const (
	ES256 = -7
	EdDSA = -8
	RS256 = -257
)

// A Device is an authenticator with its browser. The zero value is a security key
// without a PIN.
type Device struct {
	Algorithm int // zero means ES256
	AAGUID    [16]byte
	Verifies  bool // it verifies its user, and remembers user handles
	Synced    bool // its passkeys are synced to other devices
	Counts    bool // it counts signatures
	Attests   bool // it sends an attestation statement, though nobody asks for one; a false one

	// Tamper changes a response before it is signed.
	Tamper func(*Response)

	passkeys []*Passkey
}

// A Passkey is one key pair of a device.
type Passkey struct {
	ID, UserHandle []byte
	RPID           string
	Count          uint32
	key            crypto.Signer
}

// A Response is what an authenticator signs, and what the browser adds.
type Response struct {
	ClientData map[string]any
	RPIDHash   []byte
	Flags      byte
	Count      uint32
	Attested   []byte // attested credential data; empty at an assertion
	UserHandle []byte
	ID         []byte // as posted
}

// The flags.
const (
	UserPresent  = 1 << 0
	UserVerified = 1 << 2
	Eligible     = 1 << 3
	BackedUp     = 1 << 4
	attestedData = 1 << 6
)

type options struct {
	Challenge string `json:"challenge"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	RPID string `json:"rpId"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
	Parameters []parameter  `json:"pubKeyCredParams"`
	Exclude    []descriptor `json:"excludeCredentials"`
	Allow      []descriptor `json:"allowCredentials"`
	Selection  struct {
		ResidentKey      string `json:"residentKey"`
		UserVerification string `json:"userVerification"`
	} `json:"authenticatorSelection"`
	UserVerification string `json:"userVerification"`
}

type parameter struct {
	Alg int `json:"alg"`
}

type descriptor struct {
	ID string `json:"id"`
}

// The errors of a browser.
var (
	ErrInvalidState = errors.New("InvalidStateError") // the device has a passkey that is excluded
	ErrNotAllowed   = errors.New("NotAllowedError")   // no passkey, or no user verification
)

// Create makes a passkey for a page of that origin.
func (d *Device) Create(pageOptions, origin string) (posted string, err error) {
	o, err := parse(pageOptions)
	if err != nil {
		return "", err
	}
	if d.find(o.RP.ID, o.Exclude) != nil {
		return "", ErrInvalidState
	}
	if !d.Verifies && (o.Selection.UserVerification == "required" || o.Selection.ResidentKey == "required") {
		return "", ErrNotAllowed
	}
	if !slices.Contains(o.Parameters, parameter{d.algorithm()}) {
		return "", ErrNotAllowed
	}
	p := &Passkey{ID: make([]byte, 32), RPID: o.RP.ID, key: newKey(d.algorithm())}
	rand.Read(p.ID)
	if d.Verifies {
		p.UserHandle = decode(o.User.ID)
	}
	d.passkeys = append(d.passkeys, p)
	r := d.response("webauthn.create", o.Challenge, origin, p)
	r.Flags |= attestedData
	r.Attested = slices.Concat(d.AAGUID[:], binary.BigEndian.AppendUint16(nil, uint16(len(p.ID))), p.ID, p.PublicKey())
	if d.Tamper != nil {
		d.Tamper(&r)
	}
	format, statement := "none", mapOf(0)
	if d.Attests {
		format, statement = "fido-u2f", slices.Concat(mapOf(1), text("sig"), byteString([]byte("of somebody else")))
	}
	object := slices.Concat(mapOf(3), text("fmt"), text(format), text("attStmt"), statement, text("authData"), byteString(r.authData()))
	return r.post(map[string]any{"attestationObject": encode(object), "transports": []string{"internal", "hybrid"}}), nil
}

// Get signs with a passkey for a page of that origin.
func (d *Device) Get(pageOptions, origin string) (posted string, err error) {
	o, err := parse(pageOptions)
	if err != nil {
		return "", err
	}
	p := d.find(o.RPID, o.Allow)
	if len(o.Allow) == 0 {
		p = d.discover(o.RPID)
	}
	if p == nil || !d.Verifies && o.UserVerification == "required" {
		return "", ErrNotAllowed
	}
	if d.Counts {
		p.Count++
	}
	r := d.response("webauthn.get", o.Challenge, origin, p)
	if d.Tamper != nil {
		d.Tamper(&r)
	}
	more := map[string]any{
		"authenticatorData": encode(r.authData()),
		"signature":         encode(p.sign(r.signed())),
	}
	if len(r.UserHandle) > 0 {
		more["userHandle"] = encode(r.UserHandle)
	}
	return r.post(more), nil
}

// Passkeys returns the device's passkeys, the newest last.
func (d *Device) Passkeys() []*Passkey { return d.passkeys }

func (d *Device) algorithm() int {
	if d.Algorithm == 0 {
		return ES256
	}
	return d.Algorithm
}

func (d *Device) find(rpID string, listed []descriptor) *Passkey {
	for _, p := range d.passkeys {
		if p.RPID == rpID && slices.ContainsFunc(listed, func(l descriptor) bool { return bytes.Equal(decode(l.ID), p.ID) }) {
			return p
		}
	}
	return nil
}

// discover returns the newest passkey that remembers its user.
func (d *Device) discover(rpID string) *Passkey {
	for _, p := range slices.Backward(d.passkeys) {
		if p.RPID == rpID && len(p.UserHandle) > 0 {
			return p
		}
	}
	return nil
}

func (d *Device) response(kind, challenge, origin string, p *Passkey) Response {
	hash := sha256.Sum256([]byte(p.RPID))
	r := Response{
		ClientData: map[string]any{"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false},
		RPIDHash:   hash[:], Flags: UserPresent, Count: p.Count, UserHandle: p.UserHandle, ID: p.ID,
	}
	if d.Verifies {
		r.Flags |= UserVerified
	}
	if d.Synced {
		r.Flags |= Eligible | BackedUp
	}
	return r
}

func (r Response) authData() []byte {
	return slices.Concat(r.RPIDHash, []byte{r.Flags}, binary.BigEndian.AppendUint32(nil, r.Count), r.Attested)
}

func (r Response) clientData() []byte {
	text, _ := json.Marshal(r.ClientData) // strings and booleans
	return text
}

func (r Response) signed() []byte {
	hash := sha256.Sum256(r.clientData())
	return append(r.authData(), hash[:]...)
}

// post returns the text that is posted.
func (r Response) post(response map[string]any) string {
	response["clientDataJSON"] = encode(r.clientData())
	text, _ := json.Marshal(map[string]any{"id": encode(r.ID), "rawId": encode(r.ID), "type": "public-key", "response": response})
	return string(text)
}

func parse(pageOptions string) (o options, err error) {
	err = json.Unmarshal([]byte(pageOptions), &o)
	return o, err
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(s string) []byte {
	b, _ := base64.RawURLEncoding.DecodeString(s)
	return b
}

func newKey(algorithm int) (key crypto.Signer) {
	switch algorithm {
	case EdDSA:
		_, key, _ = ed25519.GenerateKey(rand.Reader)
	case RS256:
		key, _ = rsa.GenerateKey(rand.Reader, 2048)
	default:
		key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return key
}

func (p *Passkey) sign(data []byte) []byte {
	hash, digest := crypto.SHA256, sha256.Sum256(data)
	message := digest[:]
	if _, ok := p.key.(ed25519.PrivateKey); ok {
		hash, message = 0, data
	}
	signature, _ := p.key.Sign(rand.Reader, message, hash)
	return signature
}
