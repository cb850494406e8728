package oidc

import "twostep/auth"

// The paths of the provider.
const (
	DiscoveryPath       = "/.well-known/openid-configuration"       // Discovery 1.0 section 4
	ServerDiscoveryPath = "/.well-known/oauth-authorization-server" // 8414 section 3
	KeySetPath          = "/oauth/jwks"
	AuthorizePath       = "/oauth/authorize"
	PushPath            = "/oauth/par"
	TokenPath           = "/oauth/token"
	UserInfoPath        = "/oauth/userinfo"
	RevokePath          = "/oauth/revoke"
	IntrospectPath      = "/oauth/introspect"
	LogoutPath          = "/oauth/logout"
)

// A Discovery is the document at [DiscoveryPath]. It lists what works, and nothing else
// (OI-46).
type Discovery struct {
	Issuer                string      `json:"issuer"`
	AuthorizationEndpoint string      `json:"authorization_endpoint"`
	PushEndpoint          string      `json:"pushed_authorization_request_endpoint"`
	TokenEndpoint         string      `json:"token_endpoint"`
	UserInfoEndpoint      string      `json:"userinfo_endpoint"`
	JWKSURI               string      `json:"jwks_uri"`
	RevocationEndpoint    string      `json:"revocation_endpoint"`
	IntrospectionEndpoint string      `json:"introspection_endpoint"`
	EndSessionEndpoint    string      `json:"end_session_endpoint"`
	Scopes                []Scope     `json:"scopes_supported"`
	ResponseTypes         []string    `json:"response_types_supported"`
	ResponseModes         []string    `json:"response_modes_supported"`
	GrantTypes            []GrantType `json:"grant_types_supported"`
	ACRValues             []string    `json:"acr_values_supported"`
	SubjectTypes          []string    `json:"subject_types_supported"`
	IDTokenAlgs           []Algorithm `json:"id_token_signing_alg_values_supported"`
	Prompts               []string    `json:"prompt_values_supported"`
	Claims                []string    `json:"claims_supported"`
	ChallengeMethods      []string    `json:"code_challenge_methods_supported"`
	TokenAuthMethods      []string    `json:"token_endpoint_auth_methods_supported"`
	RevocationAuthMethods []string    `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectAuthMethods []string    `json:"introspection_endpoint_auth_methods_supported"`
	IssuerInResponses     bool        `json:"authorization_response_iss_parameter_supported"`
	RequestParameter      bool        `json:"request_parameter_supported"`
	RequestURIParameter   bool        `json:"request_uri_parameter_supported"` // absent, it would be true
	ClaimsParameter       bool        `json:"claims_parameter_supported"`
	BackchannelLogout     bool        `json:"backchannel_logout_supported"`
	BackchannelSession    bool        `json:"backchannel_logout_session_supported"` // logout tokens have sid
	RequirePushedRequests bool        `json:"require_pushed_authorization_requests"`
}

// Discovery returns the document.
func (p *Provider) Discovery() Discovery {
	secret := []string{"client_secret_basic", "client_secret_post"}
	d := Discovery{
		Issuer: p.issuer, AuthorizationEndpoint: p.issuer + AuthorizePath, PushEndpoint: p.issuer + PushPath,
		TokenEndpoint: p.issuer + TokenPath, UserInfoEndpoint: p.issuer + UserInfoPath, JWKSURI: p.issuer + KeySetPath,
		RevocationEndpoint: p.issuer + RevokePath, IntrospectionEndpoint: p.issuer + IntrospectPath,
		EndSessionEndpoint: p.issuer + LogoutPath,
		Scopes:             Scopes, ResponseTypes: []string{"code"}, ResponseModes: []string{"query"},
		GrantTypes: GrantTypes, SubjectTypes: []string{"public"}, IDTokenAlgs: Algorithms,
		Prompts: []string{"none", "login", "consent"},
		Claims: []string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid",
			"email", "email_verified", "name", "preferred_username", "updated_at", "groups",
		},
		ChallengeMethods: []string{"S256"}, TokenAuthMethods: append(secret, "none"), RevocationAuthMethods: append(secret, "none"),
		IntrospectAuthMethods: secret, IssuerInResponses: true, BackchannelLogout: true, BackchannelSession: true,
	}
	for _, row := range acrLevels {
		if row.level < auth.PhishingResistant || p.rules.Policy().Allows(auth.PasskeyPresent) {
			d.ACRValues = append(d.ACRValues, row.acr)
		}
	}
	return d
}
