package views

import (
	"cmp"
	"net/url"
	"slices"

	"twostep/auth"
)

// ApprovalURL is the page of a request that waits for approval.
func ApprovalURL(id string) string { return "/admin/approvals/" + url.PathEscape(id) }

// ApprovalPage shows a request to an admin, who may approve or refuse it, or withdraw
// their own.
type ApprovalPage struct {
	Page
	Approval auth.Approval
	Target   string // the factor that the act is about; empty for the account
	Own      bool   // whether the user has requested it
	Mine     bool   // whether it is about the user's own account
}

// downloadAct is the download of the list of accounts.
var downloadAct = Act{"download", "Download CSV", "The file has the email address, state, second factors, groups and role of each account. The audit log records who downloads it.", auth.DownloadPeople, false}

// about says what the request is about: an account, or the filters of a download.
func about(a auth.Approval) string {
	if a.Action == auth.DownloadPeople {
		return filterText(a.Target)
	}
	return a.UserEmail
}

// parent is the page to which the request belongs.
func (p ApprovalPage) parent() link {
	if p.Approval.Action == auth.DownloadPeople {
		return overview
	}
	return link{PersonURL(p.Approval.User), p.Approval.UserEmail}
}

func (p ApprovalPage) heading() string {
	if !p.Approval.ApprovedAt.IsZero() {
		return "Approved"
	}
	return "Waiting for approval"
}

// actOf describes an action; it has no label if there is no page for it.
func actOf(action auth.OperatorAction) Act {
	for _, act := range slices.Concat(Acts, TargetActs, []Act{downloadAct}) {
		if act.Action == action {
			return act
		}
	}
	return Act{}
}

// requestedAct is the label of the act that an event about a request names.
func requestedAct(name string) string {
	return cmp.Or(actOf(auth.OperatorAction(name)).Label, "an action")
}

// command is the command that does the same, which needs no approval. There is none that
// removes one factor: instead of it, all are removed.
func (p ActPage) command() string {
	name := "reset-mfa "
	if p.Act.Action == auth.Delete {
		name = "delete --yes "
	}
	return "twostep user " + name + p.Person.Email.Typed
}

func (p ApprovalPage) choices() []choice {
	switch {
	case p.Mine:
		return nil
	case p.Own:
		return []choice{{"withdraw", "Withdraw", ""}}
	}
	return []choice{{"approve", "Approve", actClass(actOf(p.Approval.Action).Danger)}, {"refuse", "Refuse", ""}}
}
