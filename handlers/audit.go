package handlers

import (
	"net/netip"

	"twostep/auth"
	"twostep/views"
)

// auditQuery reads the filters in the URL.
func (r *request) auditQuery() auth.AuditQuery {
	q := auth.AuditQuery{
		Type: auth.EventType(r.QueryParam("event")), User: auth.UserID(r.QueryParam("account")), Actor: r.QueryParam("actor"), Before: r.QueryParam("before"),
		From: dayIn(r.QueryParam("from")),
	}
	if until := dayIn(r.QueryParam("until")); !until.IsZero() {
		q.Until = until.AddDate(0, 0, 1) // the day is included
	}
	q.Network, _ = netip.ParsePrefix(r.QueryParam("network"))
	return q
}

func showAudit(r *request) error {
	q := r.auditQuery()
	audit, err := r.rules.Audit(r.ctx(), q)
	if err != nil {
		return err
	}
	return r.show(views.Audit(views.AuditPage{Page: r.page(), Query: q, AuditPage: audit}))
}

func exportAudit(r *request) error {
	return export(r, views.AuditTable, func() (auth.Pages[auth.AuditEntry], error) {
		return r.rules.ExportAudit(r.ctx(), r.operator(), r.auditQuery())
	})
}
