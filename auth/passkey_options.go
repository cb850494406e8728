package auth

import (
	"context"
	"encoding/json"
	"time"
)

// Options are what a page gives to navigator.credentials, in the JSON of W3C WebAuthn
// Level 3 section 5.1 (parseCreationOptionsFromJSON, parseRequestOptionsFromJSON).
type (
	creationOptions struct {
		RP         entity       `json:"rp"`
		User       entity       `json:"user"`
		Challenge  base64URL    `json:"challenge"`
		Parameters []parameter  `json:"pubKeyCredParams"`
		Timeout    int64        `json:"timeout"`
		Exclude    []descriptor `json:"excludeCredentials"`
		Selection  struct {
			ResidentKey        string `json:"residentKey"`
			RequireResidentKey bool   `json:"requireResidentKey"`
			UserVerification   string `json:"userVerification"`
		} `json:"authenticatorSelection"`
		Attestation string `json:"attestation"`
	}
	requestOptions struct {
		RPID             string       `json:"rpId"`
		Challenge        base64URL    `json:"challenge"`
		Timeout          int64        `json:"timeout"`
		UserVerification string       `json:"userVerification"`
		Allow            []descriptor `json:"allowCredentials,omitempty"`
	}
	entity struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		DisplayName string `json:"displayName,omitempty"`
	}
	parameter struct {
		Type string `json:"type"`
		Alg  int    `json:"alg"`
	}
	descriptor struct {
		Type       string    `json:"type"`
		ID         base64URL `json:"id"`
		Transports []string  `json:"transports,omitempty"`
	}
)

const publicKeyType = "public-key"

// PasskeySignIn returns the options of the sign-in page for one browser; empty if the
// operator has disabled passkeys. They name no passkey: the user chooses one, and it
// must verify its user (PK-18).
func (r *Rules) PasskeySignIn(client Client) string {
	if !r.policy().Allows(PasskeyPresent) {
		return ""
	}
	return r.requestOptions(signInChallenge(client), "required", nil, r.now())
}

// PasskeyOptions returns the options of a page that asks for an attempt's factor; empty
// if the account has no passkey that this step accepts. User verification is preferred,
// so that a security key without a PIN is a second factor, unless only a verified user will
// do.
func (r *Rules) PasskeyOptions(a Attempt) string {
	if !a.AcceptsPasskey() {
		return ""
	}
	verification := "preferred"
	if a.Step() == StepPassword || a.demandsPasskey() {
		verification = "required"
	}
	return r.requestOptions(attemptPasskey(a), verification, a.Factors.usablePasskeys(), r.now())
}

func (r *Rules) requestOptions(of challengeFor, verification string, allow []Passkey, now time.Time) string {
	return toJSON(requestOptions{
		RPID: r.policy().PasskeyDomain, Challenge: r.newChallenge(of, now), Timeout: PasskeyTimeout.Milliseconds(),
		UserVerification: verification, Allow: descriptors(allow),
	})
}

// creationOptions are those of one form of the page that adds a passkey. A security key
// without a PIN registers only if it need not remember the user.
func (r *Rules) creationOptions(session Session, user User, factors Factors, securityKey bool, now time.Time) string {
	o := creationOptions{
		RP:   entity{ID: r.policy().PasskeyDomain, Name: r.policy().Name},
		User: entity{ID: base64URL(user.PasskeyHandle).String(), Name: user.Email.Typed, DisplayName: user.Email.Typed},

		Challenge: r.newChallenge(enrolmentChallenge(session, securityKey), now), Timeout: PasskeyTimeout.Milliseconds(),
		Exclude: descriptors(factors.Passkeys), Attestation: "none",
	}
	for _, algorithm := range passkeyAlgorithms {
		o.Parameters = append(o.Parameters, parameter{publicKeyType, algorithm})
	}
	o.Selection.ResidentKey, o.Selection.UserVerification = "required", "required"
	if securityKey {
		o.Selection.ResidentKey, o.Selection.UserVerification = "discouraged", "preferred"
	}
	o.Selection.RequireResidentKey = !securityKey
	return toJSON(o)
}

func descriptors(passkeys []Passkey) []descriptor {
	all := []descriptor{}
	for _, p := range passkeys {
		all = append(all, descriptor{publicKeyType, p.CredentialID, p.Transports})
	}
	return all
}

func toJSON(options any) string {
	text, _ := json.Marshal(options) // strings and numbers always have an encoding
	return string(text)
}

// AcceptedPasskeys is what PublicKeyCredential.signalAllAcceptedCredentials needs, in
// JSON: the browser forgets the account's other passkeys.
func (r *Rules) AcceptedPasskeys(ctx context.Context, session Session, factors Factors) (string, error) {
	user, err := r.store.FindUser(ctx, session.User)
	ids := []base64URL{}
	for _, p := range factors.usablePasskeys() {
		ids = append(ids, p.CredentialID)
	}
	return toJSON(map[string]any{
		"rpId": r.policy().PasskeyDomain, "userId": base64URL(user.PasskeyHandle), "allAcceptedCredentialIds": ids,
	}), err
}

// UnknownPasskey is what PublicKeyCredential.signalUnknownCredential needs, in JSON:
// the browser forgets the passkey of a response that was refused with [PasskeyUnknown].
func (r *Rules) UnknownPasskey(response string) string {
	a, err := parseAssertion(response, r.relyingParty())
	if err != nil {
		return ""
	}
	return toJSON(map[string]any{"rpId": r.policy().PasskeyDomain, "credentialId": base64URL(a.credentialID)})
}
