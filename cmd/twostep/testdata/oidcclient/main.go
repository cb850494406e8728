// Oidcclient is a web app that signs users in at twostep, with the libraries that most Go
// programs use for it. It is a worked example, and a test with a client that is not ours.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func main() {
	provider, err := oidc.NewProvider(context.Background(), os.Getenv("ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("LISTEN"), "127.0.0.1:0"))
	if err != nil {
		log.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	app := &app{provider, oauth2.Config{
		ClientID: os.Getenv("CLIENT_ID"), ClientSecret: os.Getenv("CLIENT_SECRET"), Endpoint: provider.Endpoint(),
		RedirectURL: url + "/callback", Scopes: []string{oidc.ScopeOpenID, "email", "profile", "groups"},
	}}
	http.HandleFunc("/{$}", app.signIn)
	http.HandleFunc("/callback", app.callback)
	http.HandleFunc("POST /logout", app.logout)
	fmt.Println(url)
	log.Fatal(http.Serve(listener, nil))
}

type app struct {
	provider *oidc.Provider
	config   oauth2.Config
}

// signIn sends the user to the provider. The cookie keeps what the response must have.
func (a *app) signIn(w http.ResponseWriter, r *http.Request) {
	verifier := oauth2.GenerateVerifier()
	http.SetCookie(w, &http.Cookie{Name: "verifier", Value: verifier, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oidc.Nonce(verifier[:20])}
	for name, values := range r.URL.Query() { // such as prompt=login
		options = append(options, oauth2.SetAuthURLParam(name, values[0]))
	}
	http.Redirect(w, r, a.config.AuthCodeURL(verifier[20:], options...), http.StatusFound)
}

// callback exchanges the code and shows what the provider says about the user.
func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	claims, err := a.claims(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	json.NewEncoder(w).Encode(claims)
}

func (a *app) claims(r *http.Request) (map[string]any, error) {
	cookie, err := r.Cookie("verifier")
	if err != nil {
		return nil, err
	}
	verifier, query := cookie.Value, r.URL.Query()
	if query.Get("state") != verifier[20:] || query.Get("iss") != os.Getenv("ISSUER") {
		return nil, fmt.Errorf("state or issuer is wrong")
	}
	if refused := query.Get("error"); refused != "" {
		return map[string]any{"error": refused}, nil
	}
	tokens, err := a.config.Exchange(r.Context(), query.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	text, _ := tokens.Extra("id_token").(string)
	idToken, err := a.provider.Verifier(&oidc.Config{ClientID: a.config.ClientID}).Verify(r.Context(), text)
	if err != nil {
		return nil, err
	}
	if idToken.Nonce != verifier[:20] {
		return nil, fmt.Errorf("nonce is wrong")
	}
	if err := idToken.VerifyAccessToken(tokens.AccessToken); err != nil {
		return nil, err
	}
	info, err := a.provider.UserInfo(r.Context(), a.config.TokenSource(r.Context(), tokens))
	if err != nil {
		return nil, err
	}
	claims := map[string]any{}
	if err := info.Claims(&claims); err != nil {
		return nil, err
	}
	return claims, idToken.Claims(&claims)
}

// logout is the back channel: it checks the token of a session that has ended, as section
// 2.6 of OpenID Connect Back-Channel Logout 1.0 says. An app with sessions of its own would
// then end those of the user and the sid in the token.
func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	token, err := a.provider.Verifier(&oidc.Config{ClientID: a.config.ClientID}).Verify(r.Context(), r.PostFormValue("logout_token"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var claims struct {
		Events  map[string]any `json:"events"`
		ID      string         `json:"jti"`
		Session string         `json:"sid"`
	}
	err = token.Claims(&claims)
	if event := claims.Events["http://schemas.openid.net/event/backchannel-logout"]; err != nil || event == nil || claims.ID == "" || token.Nonce != "" {
		http.Error(w, "not a logout token", http.StatusBadRequest)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(map[string]string{"sub": token.Subject, "sid": claims.Session})
}
