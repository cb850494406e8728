package auth_test

import (
	"errors"
	"testing"
	"time"

	"twostep/auth"
)

// TestExport_Ends: an export ends when its administrator may no longer read the rest (OP-05).
func TestExport_Ends(t *testing.T) {
	role := func(role auth.Role) func(*flow, auth.UserID, auth.Token) (bool, error) {
		return func(f *flow, user auth.UserID, _ auth.Token) (bool, error) { return f.ChangeRole(f.ctx, user, role) }
	}
	for name, end := range map[string]func(*flow, auth.UserID, auth.Token) (bool, error){
		"no administrator": role(auth.NoRole),
		"lower role":       role(auth.RoleViewer),
		"disabled": func(f *flow, user auth.UserID, _ auth.Token) (bool, error) {
			return f.Operate(f.ctx, auth.Operator{}, auth.Disable, user)
		},
		"signed out": func(f *flow, _ auth.UserID, token auth.Token) (bool, error) { return true, f.SignOut(f.ctx, token) },
	} {
		f := newFlow(t)
		session, client := f.signUp("ann@example.com")
		f.key = f.addTOTP(client, session)
		other, _ := f.signUp("bob@example.com")
		for _, user := range []auth.UserID{session.User, other.User} {
			_, err := f.ChangeRole(f.ctx, user, auth.RoleAdmin)
			f.must(err)
		}
		f.now = f.now.Add(time.Minute)
		result, err := f.SignIn(f.ctx, client, "ann@example.com", flowPassword, "")
		f.must(err)
		result = f.respond(client, result.Attempt, auth.TOTPCode)
		next, err := f.ExportAudit(f.ctx, auth.Operator{Session: f.session(result), Client: client}, auth.AuditQuery{})
		f.must(err)
		_, _, err = next(f.ctx)
		f.must(err)
		if done, err := end(f, session.User, result.Session); !done || err != nil {
			t.Errorf("%s: %v, %v", name, done, err)
		}
		if _, _, err := next(f.ctx); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
