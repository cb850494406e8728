package oidc

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"twostep/auth"
)

// The acts of operators on apps, with a command or on the administration pages. Each is an
// event of the site. Those that end access or issue a secret need a reason.

// AddApp registers an app. It returns the client ID and, for a web app, the secret,
// which is stored as a hash only (OI-16).
//
// A form has the client ID in it, see [NewAppID], so that posting it twice adds one app. The
// second time the secret is the same for a short time, and empty later.
func (p *Provider) AddApp(ctx context.Context, by auth.Operator, app App) (id, secret string, err error) {
	if !isAppID(app.ID) {
		app.ID = NewAppID()
	}
	app.CreatedAt, app.Version, app.Disabled, app.SecretHashes = p.now(), 1, false, nil
	if err := app.check(); err != nil {
		return "", "", err
	}
	seeds := p.rules.SecretSeeds(by, app.ID)
	if !app.Public() {
		secret = newSecret(seeds[0])
		app.SecretHashes = []string{hash(secret)}
	}
	changes, err := p.rules.AppAct(ctx, by, false, auth.Event{Type: auth.OperatorAddedApp, Name: app.label() + ": " + app.changesFrom(App{})})
	if err != nil {
		return "", "", err
	}
	added, err := p.store.AddApp(ctx, app, changes)
	if err := p.rules.Acted(ctx, changes, added, err); err != nil || added {
		return app.ID, secret, err
	}
	found, err := p.store.FindApp(ctx, app.ID)
	switch {
	case isNotFound(err):
		return "", "", invalid("", "at most %d apps are possible: remove one first", auth.AppsMax)
	case err != nil:
		return "", "", err
	case app.changesFrom(found) != "": // the user went back and has filled in the form for another app
		app.ID = ""
		return p.AddApp(ctx, by, app)
	}
	return found.ID, found.secretOf(seeds), nil
}

// NewAppID returns a client ID: 130 random bits.
func NewAppID() string { return newID() }

func isAppID(id string) bool {
	return len(id) == len(newID()) && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// ReplaceApp changes an app. Its version is the one that the operator saw: what others have
// changed since is not overwritten.
func (p *Provider) ReplaceApp(ctx context.Context, by auth.Operator, app App) error {
	if err := app.check(); err != nil {
		return err
	}
	before, err := p.store.FindApp(ctx, app.ID)
	if err != nil {
		return err
	}
	difference := app.changesFrom(before)
	switch {
	case difference == "": // or the form was posted twice
		return nil
	case before.Version != app.Version:
		return outdated()
	}
	changes, err := p.rules.AppAct(ctx, by, false, auth.Event{Type: auth.OperatorChangedApp, Name: before.label() + ": " + difference})
	if err != nil {
		return err
	}
	replaced, err := p.store.ReplaceApp(ctx, app, changes)
	if err := p.rules.Acted(ctx, changes, replaced, err); err != nil || replaced {
		return err
	}
	if found, err := p.store.FindApp(ctx, app.ID); err != nil || app.changesFrom(found) == "" {
		return err
	}
	return outdated()
}

func outdated() error {
	return &auth.Problem{Reason: auth.AppOutdated, Detail: "somebody else has changed the app since: nothing was changed"}
}

// DisableApp disables or enables an app. changed is false if it was so already.
func (p *Provider) DisableApp(ctx context.Context, by auth.Operator, app App, disabled bool) (changed bool, err error) {
	event := auth.OperatorEnabledApp
	if disabled {
		event = auth.OperatorDisabledApp
	}
	changes, err := p.rules.AppAct(ctx, by, true, auth.Event{Type: event, Name: app.label()})
	if err != nil {
		return false, err
	}
	changed, err = p.store.ReplaceAppDisabled(ctx, app.ID, disabled, changes)
	return changed, p.rules.Acted(ctx, changes, changed, err)
}

// RemoveApp deletes an app with its consents, grants and tokens.
func (p *Provider) RemoveApp(ctx context.Context, by auth.Operator, app App) (removed bool, err error) {
	changes, err := p.rules.AppAct(ctx, by, true, auth.Event{Type: auth.OperatorRemovedApp, Name: app.label()})
	if err != nil {
		return false, err
	}
	removed, err = p.store.RemoveApp(ctx, app.ID, changes)
	return removed, p.rules.Acted(ctx, changes, removed, err)
}

// CheckURL says what is wrong with the URL to which an app sends its users; nothing if that
// is empty (OI-53). The error is an [auth.Problem] if it is not such a URL at all.
func (p *Provider) CheckURL(ctx context.Context, app App, text string) (wrong string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "", invalid("url", "the URL is not one of a web page")
	}
	if u.Path != AuthorizePath {
		return "", invalid("url", "the path is %q, but must be %s", u.Path, AuthorizePath)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", invalid("url", "the query is malformed")
	}
	switch err := p.explainRequest(ctx, app, query).(type) {
	case Explanation, *PageError, *Error:
		return err.Error(), nil
	default:
		return "", err
	}
}

// label names the app in events: another one may have the same name.
func (a App) label() string { return a.Name + " (" + a.ID + ")" }

// changesFrom says what differs from the app before, by the names of the flags. It leaves
// nothing out, so that a long value cannot hide what an operator adds.
func (a App) changesFrom(before App) string {
	var all []string
	change := func(name, was, is string) {
		if was != is {
			all = append(all, fmt.Sprintf("%s %s → %s", name, cmp.Or(was, "none"), cmp.Or(is, "none")))
		}
	}
	list := func(name string, was, is []string) {
		for i, value := range is {
			if !slices.Contains(was, value) && !slices.Contains(is[:i], value) {
				all = append(all, name+" + "+value)
			}
		}
		for _, value := range was {
			if !slices.Contains(is, value) {
				all = append(all, name+" − "+value)
			}
		}
	}
	option := func(name string, was, is bool) {
		onOff := map[bool]string{true: "on", false: "off"}
		change(name, onOff[was], onOff[is])
	}
	duration := func(name string, was, is time.Duration) {
		if was.Milliseconds() != is.Milliseconds() { // as they are stored
			change(name, auth.ShortDuration(was), auth.ShortDuration(is))
		}
	}
	change("name", before.Name, a.Name)
	change("kind", string(before.Kind), string(a.Kind))
	list("redirect", before.RedirectURIs, a.RedirectURIs)
	list("post-logout", before.PostLogoutURIs, a.PostLogoutURIs)
	change("backchannel-logout", before.BackchannelURI, a.BackchannelURI)
	option("trusted", before.Trusted, a.Trusted)
	option("require-mfa", before.RequireMFA, a.RequireMFA)
	list("group", before.Groups, a.Groups)
	change("alg", string(before.Alg), string(a.Alg))
	option("without-pkce", before.WithoutPKCE, a.WithoutPKCE)
	option("require-par", before.RequirePAR, a.RequirePAR)
	option("claims-in-id-token", before.ClaimsInIDToken, a.ClaimsInIDToken)
	duration("refresh-idle", before.RefreshIdle, a.RefreshIdle)
	duration("refresh-lifetime", before.RefreshLifetime, a.RefreshLifetime)
	return strings.Join(all, "; ")
}
