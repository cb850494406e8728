package auth

import (
	"context"
	"net/netip"
	"time"
)

// An AuditQuery selects entries of the audit log. Its zero value selects all.
type AuditQuery struct {
	Type        EventType
	User        UserID       // the account concerned; empty for any
	Actor       string       // account of the administrator, or [CommandActor]; empty for any
	From, Until time.Time    // Until is not included; zero for no limit
	Network     netip.Prefix // of the client; zero for any
	Before      string       // the event, of the page before, before which to continue; empty to begin
}

// An AuditEntry is an event with the email addresses that its accounts have now.
type AuditEntry struct {
	Event
	UserEmail  string // empty if the account was deleted, or for an event of the site
	ActorEmail string // empty for a command, a deleted account, or the user
}

// An AuditPage is a page of the audit log, newest first.
type AuditPage struct {
	Entries []AuditEntry
	Next    string // where the next page continues, see [AuditQuery]; empty at the end
	Partial bool   // the search ended early: the next page may have more
}

// Audit returns a page of the audit log of all accounts and of the site.
func (r *Rules) Audit(ctx context.Context, q AuditQuery) (AuditPage, error) {
	return r.store.FindAudit(ctx, q, AuditPageLength)
}

// AuditOf returns a page of the audit log of one account: the entries before one, or the
// newest if before is empty.
func (r *Rules) AuditOf(ctx context.Context, user UserID, before string) (AuditPage, error) {
	return r.store.FindAudit(ctx, AuditQuery{User: user, Before: before}, ActivityPage)
}
