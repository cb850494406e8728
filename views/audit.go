package views

import (
	"net/url"

	"twostep/auth"
)

// AuditPage is the audit log of all accounts and of the site.
type AuditPage struct {
	Page
	Query   auth.AuditQuery
	Network string // as entered
	auth.AuditPage
}

// until is the last day of the query.
func (p AuditPage) until() string {
	if p.Query.Until.IsZero() {
		return ""
	}
	return isoDay(p.Query.Until.AddDate(0, 0, -1))
}

// next is the URL of the next page of the log.
func (p AuditPage) next() string {
	values := p.values()
	values.Set("before", p.Next)
	return withQuery("/admin/audit", values.Encode())
}

// export is the URL of the log as a file.
func (p AuditPage) export(f Format) string {
	return withQuery("/admin/audit."+f.Extension, p.values().Encode())
}

// values are the filters.
func (p AuditPage) values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{
		"event": string(p.Query.Type), "account": string(p.Query.User), "actor": p.Query.Actor, "from": isoDay(p.Query.From), "until": p.until(), "network": p.Network,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

// eventOptions names events as the rows do, with an ellipsis for what differs from row to row.
func eventOptions() (all []option) {
	for _, event := range auth.EventTypes {
		all = append(all, option{string(event), eventFills.ReplaceAllString(eventTexts[event], "…")})
	}
	return all
}

// entry is an event as the user may read it (OP-09).
func (p Page) entry(e auth.AuditEntry) auth.AuditEntry {
	if p.Role < auth.RoleSupport {
		e.Email, e.Reason = maskEmail(e.Email), ""
	}
	e.UserEmail, e.ActorEmail = p.email(e.UserEmail), p.email(e.ActorEmail)
	return e
}
