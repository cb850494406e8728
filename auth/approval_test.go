package auth_test

import (
	"strings"
	"testing"

	"twostep/auth"
)

// OP-08: only what another admin has to approve can be requested, and with AdminApproval
// none of it is done without a request.
func TestApproval_Acts(t *testing.T) {
	m := newMFASite(t)
	m.policy.AdminApproval = true
	m.use(m.db)
	m.addTOTP(m.anns, m.ann)
	for _, action := range []auth.OperatorAction{auth.ResetMFA, auth.Delete} {
		_, err := m.Operate(m.ctx, m.by, action, m.ann.User)
		m.problem(err, auth.FormExpired)
	}
	request := func(action auth.OperatorAction, target string) error {
		return m.RequestApproval(m.ctx, m.by, auth.Act{Action: action, User: m.ann.User, Target: target})
	}
	m.problem(request(auth.Disable, ""), auth.UnknownAction)
	m.problem(request(auth.ResetMFA, strings.Repeat("x", auth.ApprovalTargetMax+1)), auth.UnknownAction)
	m.problem(request(auth.ResetMFA, strings.Repeat("x", auth.ApprovalTargetMax)), auth.NoApprover)

	admin, client := m.signUp("other@example.com")
	m.addTOTP(client, admin)
	_, err := m.ChangeRole(m.ctx, admin.User, auth.RoleAdmin)
	m.must(err)
	other := auth.Operator{Session: m.reload(admin), Client: client}
	phone := m.addPhone(m.anns, m.ann, ownNumber)
	m.must(request(auth.RemoveFactor, string(auth.PhoneCode)+":"+string(phone)))
	all, err := m.Approvals(m.ctx, m.ann.User)
	m.must(err)
	m.must(m.DisablePhone(m.ctx, m.anns, m.ann, phone))
	if done, err := m.Approve(m.ctx, other, all[0].ID); done || err != nil {
		t.Errorf("a factor that was removed meanwhile: %v, %v", done, err)
	}
	m.must(m.UsePhone(m.ctx, m.anns, m.ann, phone))
	if done, err := m.Approve(m.ctx, other, all[0].ID); !done || err != nil {
		t.Errorf("a factor that is there: %v, %v", done, err)
	}
	done, err := m.Operate(m.ctx, m.by, auth.Disable, m.ann.User)
	if !done || err != nil {
		t.Errorf("an act that needs no approval: %v, %v", done, err)
	}
}
