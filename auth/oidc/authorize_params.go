package oidc

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"twostep/auth"
)

// A Scope is what an app asks for.
type Scope string

// The scopes.
const (
	ScopeOpenID  Scope = "openid"
	ScopeEmail   Scope = "email"
	ScopeProfile Scope = "profile"
	ScopeGroups  Scope = "groups"
	ScopeOffline Scope = "offline_access" // tokens that outlive the session
)

// Scopes lists them.
var Scopes = []Scope{ScopeOpenID, ScopeEmail, ScopeProfile, ScopeGroups, ScopeOffline}

// Params are the validated parameters of a request.
type Params struct {
	RedirectURI   string
	Scopes        []Scope
	State         string   `json:",omitempty"`
	Nonce         string   `json:",omitempty"`
	Challenge     string   `json:",omitempty"` // S256; empty only of an app without PKCE
	PromptNone    bool     `json:",omitempty"`
	PromptLogin   bool     `json:",omitempty"`
	PromptConsent bool     `json:",omitempty"`
	MaxAge        *int     `json:",omitempty"` // seconds
	ACRValues     []string `json:",omitempty"` // those that exist
	LoginHint     string   `json:",omitempty"`
	Subject       string   `json:",omitempty"` // of the id_token_hint
}

// given returns the parameters of a request that have a value. An empty one is treated as
// if it were left out (6749 section 3.1), but still counts as repeated.
func given(params url.Values) url.Values {
	params = maps.Clone(params)
	maps.DeleteFunc(params, func(_ string, values []string) bool { return len(values) == 1 && values[0] == "" })
	return params
}

// known are the parameters that have a meaning at an endpoint. None may be repeated (6749
// section 3.1). Others, such as resource (8707 section 2), are ignored and may be repeated
// (OI-19).
var known = []string{
	"acr_values", "client_id", "client_secret", "code", "code_challenge", "code_challenge_method", "code_verifier", "grant_type",
	"id_token_hint", "login_hint", "max_age", "nonce", "post_logout_redirect_uri", "prompt", "redirect_uri", "refresh_token",
	"registration", "request", "request_uri", "response_mode", "response_type", "scope", "state", "token",
}

// repeated reports whether a known parameter is repeated.
func repeated(params url.Values) bool {
	return slices.ContainsFunc(known, func(name string) bool { return len(params[name]) > 1 })
}

// Has reports whether the app asks for a scope.
func (p Params) Has(scope Scope) bool { return slices.Contains(p.Scopes, scope) }

// notBefore is the time at or after which every factor must have been verified; zero if
// any time will do. "Now" would never be met: verifying takes time (OI-33, OI-34).
func (p Params) notBefore(created, now time.Time) time.Time {
	switch {
	case p.PromptLogin || p.MaxAge != nil && *p.MaxAge == 0:
		return created
	case p.MaxAge != nil:
		return now.Add(-time.Duration(*p.MaxAge) * time.Second)
	}
	return time.Time{}
}

// parseParams validates the parameters of a request of an app (C 3.1.2.1). The redirect
// URI has been validated before. Unknown parameters are ignored, and so are those that
// only ask for a language or a look (OI-19).
func parseParams(app App, query url.Values) (Params, error) {
	p := Params{RedirectURI: query.Get("redirect_uri"), State: query.Get("state"), Nonce: query.Get("nonce")}
	if repeated(query) {
		return p, &Error{Code: InvalidRequest, Explanation: "a parameter is repeated"}
	}
	for _, name := range known {
		if len(query.Get(name)) > auth.AppParamMax && name != "id_token_hint" {
			return p, &Error{Code: InvalidRequest, Explanation: "a parameter is too long"}
		}
	}
	switch {
	case query.Has("request"):
		return p, &Error{Code: RequestNotSupported, Explanation: "the parameter request is not supported"}
	case query.Has("request_uri"):
		return p, &Error{Code: RequestURINotSupported, Explanation: "request_uri is supported only as returned by the PAR endpoint"}
	case query.Has("registration"):
		return p, &Error{Code: RegistrationNotSupported, Explanation: "the parameter registration is not supported"}
	case query.Get("response_type") == "":
		return p, &Error{Code: InvalidRequest, Explanation: "response_type is missing"}
	case query.Get("response_type") != "code":
		return p, &Error{Code: UnsupportedResponseType, Explanation: "the only response_type is code"}
	case query.Has("response_mode") && query.Get("response_mode") != "query":
		return p, &Error{Code: InvalidRequest, Explanation: "the only response_mode is query"}
	}
	for _, read := range []func(App, url.Values) error{p.readScope, p.readPKCE, p.readPrompt, p.readMaxAge} {
		if err := read(app, query); err != nil {
			return p, err
		}
	}
	for _, acr := range strings.Fields(query.Get("acr_values")) {
		if acrLevel(acr) > 0 && !slices.Contains(p.ACRValues, acr) {
			p.ACRValues = append(p.ACRValues, acr)
		}
	}
	if hint := query.Get("login_hint"); len(hint) <= auth.EmailMaxBytes {
		p.LoginHint = hint
	}
	return p, nil
}

func (p *Params) readScope(_ App, query url.Values) error {
	asked := strings.Fields(query.Get("scope"))
	for _, scope := range Scopes {
		if slices.Contains(asked, string(scope)) {
			p.Scopes = append(p.Scopes, scope)
		}
	}
	if !p.Has(ScopeOpenID) {
		return &Error{Code: InvalidScope, Explanation: "the scope must contain openid"}
	}
	return nil
}

// readPKCE requires PKCE with S256 of every app that the operator has not exempted, so
// that it cannot be left out by an attacker who has stolen a code (OI-07).
func (p *Params) readPKCE(app App, query url.Values) error {
	p.Challenge = query.Get("code_challenge")
	switch {
	case p.Challenge == "" && query.Has("code_challenge_method"):
		return &Error{Code: InvalidRequest, Explanation: "code_challenge_method has no code_challenge"}
	case p.Challenge == "" && !app.WithoutPKCE:
		return &Error{Code: InvalidRequest, Explanation: "code_challenge is missing: this provider requires PKCE"}
	case p.Challenge == "" && p.Nonce == "":
		return &Error{Code: InvalidRequest, Explanation: "without PKCE a nonce is required"}
	case p.Challenge == "":
		return nil
	case query.Get("code_challenge_method") != "S256":
		return &Error{Code: InvalidRequest, Explanation: "code_challenge_method must be S256"}
	case len(p.Challenge) != auth.AppChallengeLength || strings.Trim(p.Challenge, challengeCharacters) != "":
		return &Error{Code: InvalidRequest, Explanation: "code_challenge must be the 43 characters of a SHA-256 in base64url"}
	}
	return nil
}

const challengeCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func (p *Params) readPrompt(_ App, query url.Values) error {
	prompts := strings.Fields(query.Get("prompt"))
	for _, prompt := range prompts {
		switch prompt {
		case "none":
			p.PromptNone = true
		case "login":
			p.PromptLogin = true
		case "consent":
			p.PromptConsent = true
		default:
			return &Error{Code: InvalidRequest, Explanation: "prompt must be none, login or consent"}
		}
	}
	if p.PromptNone && len(prompts) > 1 {
		return &Error{Code: InvalidRequest, Explanation: "prompt=none cannot be combined with another value"}
	}
	return nil
}

func (p *Params) readMaxAge(_ App, query url.Values) error {
	if !query.Has("max_age") {
		return nil
	}
	const ages = 31 // bits: more seconds than any session has
	n, err := strconv.ParseUint(query.Get("max_age"), 10, ages)
	if err != nil {
		return &Error{Code: InvalidRequest, Explanation: "max_age must be a number of seconds"}
	}
	age := int(n)
	p.MaxAge = &age
	return nil
}
