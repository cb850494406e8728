package auth

import (
	"context"
	"strings"
	"time"
)

// Pages reads the next page of an export, which is shorter than [ExportPage] if a search
// ended early. Each page is a query of its own, so that a client that reads slowly holds
// no transaction. It returns [ErrNotFound] once the session or the role has ended.
type Pages[T any] func(ctx context.Context) (page []T, more bool, err error)

// ExportPeople returns all accounts that a query selects, and records who asked for them.
// filters are the query as a request for approval has it, which is consumed if one is
// needed (OP-08).
func (r *Rules) ExportPeople(ctx context.Context, by Operator, q PeopleQuery, filters string) (Pages[Account], error) {
	var approved []Change
	if r.NeedsApproval(DownloadPeople, NoRole) {
		approved = append(approved, SpendDownload{By: by.Session.User, Filters: filters})
	}
	if err := r.recordExport(ctx, by, q.summary(), approved...); err != nil {
		return nil, err
	}
	q = r.readable(q)
	return func(ctx context.Context) ([]Account, bool, error) {
		if err := r.mayReadOn(ctx, by.Session); err != nil {
			return nil, false, err
		}
		page, err := r.store.FindPeople(ctx, q, ExportPage)
		q.Place = page.Place
		return page.Accounts, page.Next != "", err
	}, nil
}

// ExportAudit does the same with the audit log.
func (r *Rules) ExportAudit(ctx context.Context, by Operator, q AuditQuery) (Pages[AuditEntry], error) {
	if err := r.recordExport(ctx, by, q.summary()); err != nil {
		return nil, err
	}
	return func(ctx context.Context) ([]AuditEntry, bool, error) {
		if err := r.mayReadOn(ctx, by.Session); err != nil {
			return nil, false, err
		}
		page, err := r.store.FindAudit(ctx, q, ExportPage)
		q.Before = page.Next
		return page.Entries, page.Next != "", err
	}, nil
}

// recordExport records an export before its first row is read, so that an export that is cut
// off is recorded too.
func (r *Rules) recordExport(ctx context.Context, by Operator, what string, checks ...Change) error {
	changes, err := r.begin(ctx, by, RoleViewer, "")
	if err != nil {
		return err
	}
	changes.add(checks...)
	if err := r.recordAct(ctx, &changes, by, Event{Type: OperatorExported, Name: what}); err != nil {
		return err
	}
	return operated(r.apply(ctx, changes))
}

// mayReadOn returns [ErrNotFound] once the session of an export has ended, also because the
// account is disabled, or the administrator's role (OP-05), or once the role is lower,
// because the rest may have to be masked.
func (r *Rules) mayReadOn(ctx context.Context, s Session) error {
	open, err := r.isOpen(ctx, s.User, s.ID, r.now())
	if err != nil {
		return err
	}
	account, err := r.store.FindAccount(ctx, s.User)
	if err == nil && (!open || account.Role < s.Role) {
		err = ErrNotFound
	}
	return err
}

// summary describes the query in the audit log. It leaves out the searched text, which can be
// the email address of an account that is deleted later (OP-15).
func (q PeopleQuery) summary() string {
	all := filters{"people"}
	if strings.TrimSpace(q.Text) != "" {
		all.add("search", "by text")
	}
	all.add("state", string(q.State))
	all.add("factors", string(q.Factors))
	all.add("group", q.Group)
	if q.Role != NoRole {
		all.add("role", q.Role.String())
	}
	all.addDay("not seen since", q.NotSeenSince)
	return strings.Join(all, ", ")
}

func (q AuditQuery) summary() string {
	all := filters{"audit log"}
	all.add("event", string(q.Type))
	all.add("account", string(q.User))
	all.add("actor", q.Actor)
	all.addDay("from", q.From)
	all.addDay("before", q.Until)
	if q.Network.IsValid() {
		all.add("network", q.Network.String())
	}
	return strings.Join(all, ", ")
}

type filters []string

// add adds a filter, whose value may be any text of a URL.
func (f *filters) add(name, value string) {
	const lengthMax = 64
	if value = strings.ToValidUTF8(value, ""); len(value) > lengthMax {
		value = strings.ToValidUTF8(value[:lengthMax], "") + "…"
	}
	if value != "" {
		*f = append(*f, name+": "+value)
	}
}

func (f *filters) addDay(name string, day time.Time) {
	if !day.IsZero() {
		f.add(name, day.UTC().Format(time.DateOnly))
	}
}
