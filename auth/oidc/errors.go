package oidc

import (
	"net/url"
	"strings"
)

// An ErrorCode is an error as the standards name it.
type ErrorCode string

// The errors of /oauth/authorize that the app gets (6749 section 4.1.2.1, C 3.1.2.6, C
// 6, and OpenID Connect Core Error Code unmet_authentication_requirements 1.0).
const (
	InvalidRequest           ErrorCode = "invalid_request"
	InvalidScope             ErrorCode = "invalid_scope"
	AccessDenied             ErrorCode = "access_denied"
	UnsupportedResponseType  ErrorCode = "unsupported_response_type"
	LoginRequired            ErrorCode = "login_required"
	InteractionRequired      ErrorCode = "interaction_required"
	ConsentRequired          ErrorCode = "consent_required"
	RequestNotSupported      ErrorCode = "request_not_supported"
	RequestURINotSupported   ErrorCode = "request_uri_not_supported"
	RegistrationNotSupported ErrorCode = "registration_not_supported"
	UnmetRequirements        ErrorCode = "unmet_authentication_requirements"
	TemporarilyUnavailable   ErrorCode = "temporarily_unavailable"
)

// The other errors of /oauth/token and its neighbours (6749 section 5.2, 6750 section
// 3.1, 7009 section 2.2.1).
const (
	InvalidClient        ErrorCode = "invalid_client"
	InvalidGrant         ErrorCode = "invalid_grant"
	InvalidToken         ErrorCode = "invalid_token"
	UnsupportedGrantType ErrorCode = "unsupported_grant_type"
)

// ErrorCodes lists all of them.
var ErrorCodes = []ErrorCode{
	InvalidRequest, InvalidScope, AccessDenied, UnsupportedResponseType, LoginRequired, InteractionRequired, ConsentRequired,
	RequestNotSupported, RequestURINotSupported, RegistrationNotSupported, UnmetRequirements, TemporarilyUnavailable,
	InvalidClient, InvalidGrant, InvalidToken, UnsupportedGrantType,
}

// An Error is a response to an app. Its explanation is a constant text: it names no
// secret, token or other input.
type Error struct {
	Code        ErrorCode
	Explanation string // for the app's author; ASCII without quotes (6749 section 5.2)
	Reused      bool   // a code or refresh token was used again
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Explanation }

// A PageError is shown to the user: where an app would get the error is not known (OI-04).
type PageError struct{ Explanation string }

func (e *PageError) Error() string { return e.Explanation }

// redirectTo returns the URI of an app with parameters of a response. It always has the
// issuer, so that an app of several providers knows which one responds (OI-11). The
// registered URI itself is not changed in a byte.
func redirectTo(uri, issuer string, params url.Values) string {
	params.Set("iss", issuer)
	return withParams(uri, params)
}

// withParams returns a URI with parameters after its own.
func withParams(uri string, params url.Values) string {
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + params.Encode()
}
