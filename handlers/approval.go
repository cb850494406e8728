package handlers

import (
	"slices"

	"twostep/auth"
	"twostep/views"
)

// approvals are the requests that wait for approval, for those who may see them.
func (r *request) approvals(user auth.UserID) ([]auth.Approval, error) {
	if r.session.Role < auth.RoleAdmin {
		return nil, nil
	}
	all, err := r.rules.Approvals(r.ctx(), user)
	return slices.DeleteFunc(all, func(a auth.Approval) bool { return !a.ApprovedAt.IsZero() && a.By != r.session.User }), err
}

// askForApproval completes the page of an act that needs approval. It returns the URL of
// the request if there is one.
func (r *request) askForApproval(page *views.ActPage, target string) (requested string, err error) {
	page.NeedsApproval = r.rules.NeedsApproval(page.Act.Action, page.Person.Role)
	if !page.NeedsApproval {
		return "", nil
	}
	all, err := r.approvals(page.Person.ID)
	for _, a := range all {
		if a.Action == page.Act.Action && a.Target == target {
			return views.ApprovalURL(a.ID), nil
		}
	}
	if err != nil {
		return "", err
	}
	can, err := r.rules.CanBeApproved(r.ctx(), r.operator(), page.Person.ID)
	page.NoApprover = !can
	return "", err
}

func showApproval(r *request) error {
	a, err := r.rules.Approval(r.ctx(), r.Param("id"))
	if hasEnded(err) {
		return auth.ErrNotFound
	}
	if err != nil {
		return err
	}
	page := views.ApprovalPage{Page: r.page(), Approval: a, Own: a.By == r.session.User, Mine: a.User == r.session.User}
	if a.User != "" {
		account, err := r.rules.AccountOf(r.ctx(), a.User)
		if err != nil {
			return err
		}
		page.Target = views.PersonPage{Page: page.Page, Person: account}.Target(a.Action, a.Target)
	}
	return r.show(views.ShowApproval(page))
}

// postApproval redirects to the account's page, even if the request has already ended.
func postApproval(r *request) (string, error) {
	a, err := r.rules.Approval(r.ctx(), r.Param("id"))
	next, notice := views.PersonURL(a.User), views.NoticeActDone
	if a.Action == auth.DownloadPeople {
		next, notice = adminPath, views.NoticeDownloadApproved
	}
	switch {
	case err != nil:
		next = adminPath
	case r.action() == "approve":
		var done bool
		done, err = r.rules.Approve(r.ctx(), r.operator(), a.ID)
		notice = noticeIf(done, notice)
		if a.Action == auth.Delete {
			next = peoplePath
		}
	case r.action() == "refuse" || r.action() == "withdraw":
		err, notice = r.rules.EndApproval(r.ctx(), r.operator(), a.ID), views.NoticeApprovalRefused
	default:
		err = errUnknownAction
	}
	if hasEnded(err) {
		return next, r.withNotice(views.NoticeApprovalEnded, nil)
	}
	return next, r.withNotice(notice, err)
}

func hasEnded(err error) bool {
	problem := problemOf(err)
	return problem != nil && problem.Reason == auth.ApprovalEnded
}
