package db

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindAudit implements [auth.Store]. Most filters have no index, which every sign-in would
// have to write, so a search reads [auth.AuditScan] entries at most.
func (s *Store) FindAudit(ctx context.Context, q auth.AuditQuery, limit int) (page auth.AuditPage, err error) {
	return s.findAudit(ctx, q, limit, auth.AuditScan)
}

func (s *Store) findAudit(ctx context.Context, q auth.AuditQuery, limit, scan int) (page auth.AuditPage, err error) {
	indexed, others := auditConditions(q)
	end, err := s.auditEnd(ctx, indexed, scan)
	if err != nil {
		return page, err
	}
	if end != "" {
		indexed = append(indexed, condition{`audit_events.id >= ?`, []any{end}})
	}
	matching, args := where(append(indexed, others...))
	var (
		e           auth.AuditEntry
		user, actor sql.Null[string]
	)
	err = s.each(ctx, "find audit log", engine.Row{
		&e.ID, &e.User, engine.Time(&e.At), &e.Type, &e.Factor, &e.IP, &e.UserAgent, &e.Phone, &e.Email, &e.Name, &e.BackupCodesLeft,
		&e.Actor, &e.Reason, &user, &actor,
	}, func() {
		e.UserEmail, e.ActorEmail = user.V, actor.V
		if len(page.Entries) <= limit && inNetwork(e.IP, q.Network) {
			page.Entries = append(page.Entries, e)
		}
	}, fmt.Sprintf(`
		SELECT
			audit_events.id,
			audit_events.user_id,
			audit_events.occurred_at,
			audit_events.type,
			audit_events.factor,
			audit_events.ip,
			audit_events.user_agent,
			audit_events.phone,
			audit_events.email,
			audit_events.name,
			audit_events.backup_codes_left,
			audit_events.actor,
			audit_events.reason,
			concerned.email,
			acting.email
		FROM audit_events
		LEFT JOIN users AS concerned ON concerned.id = audit_events.user_id
		LEFT JOIN users AS acting ON acting.id = audit_events.actor%s
		ORDER BY audit_events.id DESC
		LIMIT %d`, matching, auditLimit(q, limit, scan)), args...)
	switch {
	case err != nil:
		return page, err
	case len(page.Entries) > limit:
		page.Entries = page.Entries[:limit]
		page.Next = page.Entries[limit-1].ID
	case end != "":
		page.Next, page.Partial = end, true
	}
	return page, nil
}

// auditLimit is more than a page if the network of each entry has to be looked at here.
func auditLimit(q auth.AuditQuery, limit, scan int) int {
	if q.Network.IsValid() {
		return scan
	}
	return limit + 1
}

func inNetwork(ip string, network netip.Prefix) bool {
	if !network.IsValid() {
		return true
	}
	address, err := netip.ParseAddr(ip)
	return err == nil && network.Contains(address.Unmap())
}

// auditConditions returns the conditions that the order of an index serves, and others.
func auditConditions(q auth.AuditQuery) (indexed, others []condition) {
	add := func(to *[]condition, sql string, arg any) { *to = append(*to, condition{sql, []any{arg}}) }
	if q.User != "" {
		add(&indexed, `audit_events.user_id = ?`, q.User)
	}
	if q.Actor != "" {
		add(&indexed, `audit_events.actor <> '' AND audit_events.actor = ?`, q.Actor)
	}
	if !q.From.IsZero() {
		add(&indexed, `audit_events.id >= ?`, eventsFrom(q.From))
	}
	if !q.Until.IsZero() {
		add(&indexed, `audit_events.id < ?`, eventsFrom(q.Until))
	}
	if q.Before != "" {
		add(&indexed, `audit_events.id < ?`, q.Before)
	}
	if q.Type != "" {
		add(&others, `audit_events.type = ?`, q.Type)
	}
	return indexed, others
}

// eventsFrom sorts before the ids of events at this time and later.
func eventsFrom(at time.Time) string { return fmt.Sprintf("%013d", max(at.UnixMilli(), 0)) }

// auditEnd returns the last entry that a search reads; empty if that is the last of all.
func (s *Store) auditEnd(ctx context.Context, conditions []condition, scan int) (end string, err error) {
	matching, args := where(conditions)
	err = s.each(ctx, "find audit log", engine.Row{&end}, func() {}, fmt.Sprintf(`
		SELECT audit_events.id
		FROM audit_events%s
		ORDER BY audit_events.id DESC
		LIMIT 1 OFFSET %d`, matching, scan-1), args...)
	return end, err
}
