package oidc

// An Algorithm signs tokens (7518 section 3.1).
type Algorithm string

// The algorithms.
const (
	RS256 Algorithm = "RS256" // the default: some clients know nothing else (C 15.1)
	ES256 Algorithm = "ES256"
)

// Algorithms lists them.
var Algorithms = []Algorithm{RS256, ES256}
