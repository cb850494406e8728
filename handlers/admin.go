package handlers

import (
	"net/netip"
	"strings"
	"time"

	"twostep/auth"
)

// The administration pages are for accounts with a role. To all others they do not
// exist (OP-01). Which role may act is also checked by auth, in the transaction.

const adminPath = "/admin"

func isAdminPath(path string) bool {
	return path == adminPath || strings.HasPrefix(path, adminPath+"/")
}

// viewing guards a page of administration, acting one with a form (OP-04).
func viewing(role auth.Role) guard { return operator(role, auth.AdminViewAge) }
func acting(role auth.Role) guard  { return operator(role, auth.AdminActAge) }

// viewingOrActing is viewing for one role and, for a form, acting for another.
func viewingOrActing(view, act auth.Role) guard {
	return func(r *request) (string, error) {
		if r.form != nil {
			return acting(act)(r)
		}
		return viewing(view)(r)
	}
}

// operator requires a role, and a second factor verified not longer ago than age.
func operator(role auth.Role, age time.Duration) guard {
	return func(r *request) (string, error) {
		if err := r.requireRole(role); err != nil {
			return "", err
		}
		if redirect, err := r.requireSession(); redirect != "" || err != nil {
			return redirect, err
		}
		redirect, err := r.requireDemand(auth.Demand{Level: auth.TwoFactors, NotBefore: r.rules.Now().Add(-age)})
		if redirect != "" {
			r.returnURL() // keeps the reason
		}
		return redirect, err
	}
}

// requireRole lets signed-out visitors through, who are asked to sign in.
func (r *request) requireRole(role auth.Role) error {
	if len(r.site.AdminNetworks) > 0 {
		ip, err := netip.ParseAddr(r.log.ip)
		if err != nil || !contains(r.site.AdminNetworks, ip.Unmap()) {
			return auth.ErrNotFound
		}
	}
	if r.signedIn() && r.session.Role < role {
		return auth.ErrNotFound
	}
	return nil
}

// role is the user's role here: none outside the networks of administration, so that no
// page links to one that does not exist.
func (r *request) role() auth.Role {
	if r.requireRole(auth.NoRole) != nil {
		return auth.NoRole
	}
	return r.session.Role
}

// operator describes the user to the rules.
func (r *request) operator() auth.Operator {
	return auth.Operator{Session: r.session, Client: r.client(), Reason: strings.TrimSpace(r.form.Get("reason"))}
}

// showNothing and postNothing are every other address below /admin.
func showNothing(*request) error           { return auth.ErrNotFound }
func postNothing(*request) (string, error) { return "", auth.ErrNotFound }
