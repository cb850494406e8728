package passkeytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/binary"
	"math/big"
	"slices"
)

// PublicKey encodes the passkey's public key as a COSE key (RFC 9052 section 7).
func (p *Passkey) PublicKey() []byte {
	switch public := p.key.Public().(type) {
	case *ecdsa.PublicKey:
		point, _ := public.Bytes() // 4, then the coordinates
		return slices.Concat(mapOf(5), pair(1, 2), pair(3, ES256), pair(-1, 1),
			integer(-2), byteString(point[1:33]), integer(-3), byteString(point[33:]))
	case ed25519.PublicKey:
		return slices.Concat(mapOf(4), pair(1, 1), pair(3, EdDSA), pair(-1, 6), integer(-2), byteString(public))
	case *rsa.PublicKey:
		return rsaKey(public.N, public.E)
	}
	return nil
}

// RSAKey encodes an RSA public key of that size, to which nobody has the private key.
func RSAKey(bits uint, exponent int) []byte {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return rsaKey(n.Add(n, big.NewInt(1)), exponent)
}

func rsaKey(n *big.Int, e int) []byte {
	return slices.Concat(mapOf(4), pair(1, 3), pair(3, RS256), integer(-1), byteString(n.Bytes()),
		integer(-2), byteString(big.NewInt(int64(e)).Bytes()))
}

// Public returns the passkey's public key.
func (p *Passkey) Public() crypto.PublicKey { return p.key.Public() }

// The encodings of CBOR (RFC 8949) that authenticators use.

func head(major byte, n uint64) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n < 1<<8:
		return []byte{major<<5 | 24, byte(n)}
	}
	return binary.BigEndian.AppendUint16([]byte{major<<5 | 25}, uint16(n))
}

func integer(n int) []byte {
	if n < 0 {
		return head(1, uint64(-1-n))
	}
	return head(0, uint64(n))
}

func pair(key, value int) []byte { return append(integer(key), integer(value)...) }

func byteString(b []byte) []byte { return append(head(2, uint64(len(b))), b...) }

func text(s string) []byte { return append(head(3, uint64(len(s))), s...) }

func mapOf(pairs int) []byte { return head(5, uint64(pairs)) }
