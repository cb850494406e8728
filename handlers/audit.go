package handlers

import (
	"net/netip"
	"strconv"
	"strings"

	"twostep/auth"
	"twostep/views"
)

// auditQuery reads the filters in the URL. It refuses a network that is none: without the
// filter there would be entries that nobody searched for.
func (r *request) auditQuery() (q auth.AuditQuery, err error) {
	q = auth.AuditQuery{
		Type: auth.EventType(r.QueryParam("event")), User: auth.UserID(r.QueryParam("account")), Actor: r.QueryParam("actor"), Before: r.QueryParam("before"),
		From: dayIn(r.QueryParam("from")),
	}
	if until := dayIn(r.QueryParam("until")); !until.IsZero() {
		q.Until = until.AddDate(0, 0, 1) // the day is included
	}
	q.Network, err = parseNetwork(strings.TrimSpace(r.QueryParam("network")))
	return q, err
}

// parseNetwork also reads an address, which is a network of one; none if text is empty.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address.WithZone(""), address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil && text != "" {
		return network, &auth.Problem{Reason: auth.EntryInvalid, Detail: strconv.Quote(text) + " is not an IP address, nor a network such as 203.0.113.0/24"}
	}
	return network, nil
}

func showAudit(r *request) error {
	q, err := r.auditQuery()
	page := views.AuditPage{Query: q, Network: r.QueryParam("network")}
	if r.problem = problemOf(err); r.problem != nil {
		r.status = statusOf(r.problem)
	} else if page.AuditPage, err = r.rules.Audit(r.ctx(), q); err != nil {
		return err
	}
	page.Page = r.page()
	return r.show(views.Audit(page))
}

func exportAudit(r *request) error {
	q, err := r.auditQuery()
	if err != nil {
		return err
	}
	return export(r, views.AuditTable, func() (auth.Pages[auth.AuditEntry], error) {
		return r.rules.ExportAudit(r.ctx(), r.operator(), q)
	})
}
