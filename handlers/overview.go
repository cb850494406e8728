package handlers

import "twostep/views"

// showOverview shows numbers that are counted every hour, and what can be read at once.
func showOverview(r *request) error {
	page := views.OverviewPage{Version: r.site.Version, Down: notReady(r.rules.Ready(r.ctx()))}
	var err error
	if page.Days, err = r.rules.Days(r.ctx(), views.OverviewDays); err != nil {
		return err
	}
	if page.Waiting, page.Failing, err = r.rules.Outbox(r.ctx()); err != nil {
		return err
	}
	if page.Approvals, err = r.approvals(""); err != nil {
		return err
	}
	page.Page = r.page()
	return r.show(views.Overview(page))
}
