package handlers

import (
	"twostep/auth"
	"twostep/views"
)

// filters returns the filters of the list of accounts. A request for approval identifies a
// download by them.
func (r *request) filters() string {
	return views.PeoplePage{Query: r.peopleQuery(), Typed: r.QueryParam("q")}.Filters()
}

// requireApprovedDownload redirects to where a download is requested, unless it is approved
// or needs no approval. Only admins can request one. The approval is consumed with the
// download.
func (r *request) requireApprovedDownload() (redirect string, err error) {
	if !r.rules.NeedsApproval(auth.DownloadPeople, auth.NoRole) {
		return "", nil
	}
	if r.session.Role < auth.RoleAdmin {
		return "", auth.ErrNotFound
	}
	a, _, err := r.rules.DownloadRequest(r.ctx(), r.operator(), r.filters())
	if err != nil || !a.ApprovedAt.IsZero() {
		return "", err
	}
	return views.DownloadURL + "?" + r.filters(), nil
}

// showDownload leads to the request if there is one.
func showDownload(r *request) error {
	if !r.rules.NeedsApproval(auth.DownloadPeople, auth.NoRole) {
		return auth.ErrNotFound
	}
	a, found, err := r.rules.DownloadRequest(r.ctx(), r.operator(), r.filters())
	if err != nil {
		return err
	}
	if found {
		return r.redirect(views.ApprovalURL(a.ID))
	}
	can, err := r.rules.CanBeApproved(r.ctx(), r.operator(), "")
	if err != nil {
		return err
	}
	return r.show(views.Download(views.DownloadPage{Page: r.page(), Filters: r.filters(), Reason: r.prefill("reason"), NoApprover: !can}))
}

func postDownload(r *request) (string, error) {
	if r.action() != "request" || !r.rules.NeedsApproval(auth.DownloadPeople, auth.NoRole) {
		return "", errUnknownAction
	}
	err := r.rules.RequestApproval(r.ctx(), r.operator(), auth.Act{Action: auth.DownloadPeople, Target: r.filters()})
	return peoplePath + "?" + r.filters(), r.withNotice(views.NoticeApprovalRequested, err)
}
