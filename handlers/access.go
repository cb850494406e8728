package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"twostep/auth"
	"twostep/auth/access"
	"twostep/views"
)

const accessPath = "/admin/access"

func showAccess(r *request) error {
	var rules *access.InForce
	if r.site.Access != nil {
		rules = r.site.Access()
	}
	return r.showAccess(rules, nil)
}

func (r *request) showAccess(rules *access.InForce, result *views.AccessResult) error {
	return r.show(views.Access(views.AccessPage{
		Page: r.page(), Rules: rules, Result: result,
		URL: r.entered("url"), Method: cmp.Or(r.entered("method"), http.MethodGet), Email: r.entered("email"),
	}))
}

// postAccess explains a decision. It changes nothing, so everybody may who sees the page.
func postAccess(r *request) (string, error) {
	if r.action() != "check" || r.site.Access == nil {
		return "", errUnknownAction
	}
	rules := r.site.Access()
	req, err := access.ParseURL(strings.TrimSpace(r.entered("url")), cmp.Or(r.entered("method"), http.MethodGet))
	if err != nil {
		return "", err
	}
	decision := rules.Decide(req)
	result := &views.AccessResult{Decision: decision, OtherScheme: decision.NeedsSession() && req.Scheme != r.site.URL.Scheme}
	if email := r.entered("email"); email != "" {
		account, err := r.rules.Account(r.ctx(), email)
		if errors.Is(err, auth.ErrNotFound) {
			err = &auth.Problem{Reason: auth.AccountUnknown, Field: "email"}
		}
		if err != nil {
			return "", err
		}
		result.Account, result.Groups, result.Verdict = account.Email.Typed, account.Groups, decision.Of(account)
	}
	return "", r.showAccess(rules, result)
}
