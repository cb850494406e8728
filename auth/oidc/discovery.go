package oidc

// The paths of the provider.
const (
	DiscoveryPath       = "/.well-known/openid-configuration"       // Discovery 1.0 section 4
	ServerDiscoveryPath = "/.well-known/oauth-authorization-server" // 8414 section 3
	KeySetPath          = "/oauth/jwks"
)

// A Discovery is the document at [DiscoveryPath]. It lists what works, and nothing else
// (OI-46).
type Discovery struct {
	Issuer              string      `json:"issuer"`
	JWKSURI             string      `json:"jwks_uri"`
	IDTokenSigningAlgs  []Algorithm `json:"id_token_signing_alg_values_supported"`
	SubjectTypes        []string    `json:"subject_types_supported"`
	RequestParameter    bool        `json:"request_parameter_supported"`
	RequestURIParameter bool        `json:"request_uri_parameter_supported"` // absent, it would be true
	ClaimsParameter     bool        `json:"claims_parameter_supported"`
}

// Discovery returns the document.
func (p *Provider) Discovery() Discovery {
	return Discovery{
		Issuer: p.issuer, JWKSURI: p.issuer + KeySetPath,
		IDTokenSigningAlgs: Algorithms, SubjectTypes: []string{"public"},
	}
}
