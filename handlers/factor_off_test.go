package handlers_test

import (
	"testing"
	"time"

	"twostep/auth"
)

// A disabled account gets no mail with a code to reset its password, and the visitor sees
// the same page (FF-03, SE-10).
func TestForgotPassword_Disabled(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(ann)
	site.disable(ann)
	site.wait(time.Hour)
	before := len(site.messages(ann))
	site.browser().startReset(ann).wantHeading("Check your email")
	if sent := site.messages(ann)[before:]; len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
}

// The pages of a factor that the site does not offer do not exist, for GET and POST. Those
// that remove one still do.
func TestRoutes_FactorOff(t *testing.T) {
	t.Parallel()
	for kind, paths := range map[auth.FactorKind][]string{
		auth.TOTPCode:   {"/account/manage-mfa/add"},
		auth.BackupCode: {"/account/manage-mfa/backup-codes"},
		auth.PhoneCode:  {"/account/add-phone", "/account/manage-mfa/phones/reserved/use", "/account/manage-mfa/phones/reserved/default"},
	} {
		site := newSite(t)
		b, phones := site.inState("fresh")
		open := []string{"/account/manage-mfa/remove-totp", "/account/manage-mfa/phones/" + phones["reserved"] + "/disable", "/account/manage-mfa/phones/" + phones["reserved"] + "/remove"}
		site.restart(func(p *auth.Policy) {
			kept := []auth.FactorKind{}
			for _, factor := range p.Factors {
				if factor != kind {
					kept = append(kept, factor)
				}
			}
			p.Factors = kept
		})
		for _, path := range paths {
			for _, method := range []string{"GET", "POST"} {
				form := map[string][]string{"token": {b.open("/account").formToken()}}
				if method == "GET" {
					form = nil
				}
				if got := b.fetch(method, path, form); got.status != 404 && (method == "POST" || got.status != 405) {
					t.Errorf("without %s: %s %s: %d", kind, method, path, got.status)
				}
			}
		}
		for _, path := range open {
			if got := b.fetch("GET", path, nil); got.status != 200 {
				t.Errorf("without %s: %s: %d", kind, path, got.status)
			}
		}
	}
}
