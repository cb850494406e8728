package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// A request counts only while its requester is an admin.
var (
	approvalColumns = `
		SELECT
			approvals.id,
			approvals.user_id,
			approvals.action,
			approvals.target,
			approvals.requested_by,
			approvals.reason,
			approvals.requested_at,
			approvals.expires_at,
			approvals.approved_at,
			concerned.email,
			requester.email
		FROM approvals
		JOIN users AS requester ON requester.id = approvals.requested_by
		LEFT JOIN users AS concerned ON concerned.id = approvals.user_id
		WHERE requester.role = ` + fmt.Sprint(int(auth.RoleAdmin)) + ` AND requester.disabled_at IS NULL`
	requestedByAdmin = `EXISTS (SELECT 1 FROM users WHERE id = requested_by AND role = ` + fmt.Sprint(int(auth.RoleAdmin)) + ` AND disabled_at IS NULL)`
)

// isOpen is the condition that a request has not expired at the time of a parameter, and is
// not dated in the future.
func isOpen(now string) string {
	return fmt.Sprintf(`approvals.expires_at > %s AND approvals.requested_at - %d <= %s`, now, auth.ClockSkew.Milliseconds(), now)
}

func (s *Store) findApprovals(ctx context.Context, query string, args ...any) (all []auth.Approval, err error) {
	var (
		a           auth.Approval
		user, email sql.Null[string]
	)
	err = s.each(ctx, "find approvals", engine.Row{
		&a.ID, &user, &a.Action, &a.Target, &a.By, &a.Reason, engine.Time(&a.RequestedAt), engine.Time(&a.ExpiresAt), engine.Time(&a.ApprovedAt), &email, &a.ByEmail,
	}, func() {
		a.User, a.UserEmail = auth.UserID(user.V), email.V
		all = append(all, a)
	}, approvalColumns+query, args...)
	return all, err
}

// FindApproval implements [auth.Store].
func (s *Store) FindApproval(ctx context.Context, id string, now time.Time) (auth.Approval, error) {
	return first(s.findApprovals(ctx, ` AND approvals.id = $1 AND `+isOpen("$2"), id, engine.Millis(now)))
}

// FindDownload implements [auth.Store].
func (s *Store) FindDownload(ctx context.Context, by auth.UserID, filters string, now time.Time) (auth.Approval, error) {
	return first(s.findApprovals(ctx, ` AND approvals.requested_by = $1 AND approvals.action = $2
			AND approvals.target = $3 AND `+isOpen("$4"),
		by, auth.DownloadPeople, filters, engine.Millis(now)))
}

// FindApprovals implements [auth.Store].
func (s *Store) FindApprovals(ctx context.Context, user auth.UserID, now time.Time, limit int) ([]auth.Approval, error) {
	query, args := ` AND `+isOpen("$1"), []any{engine.Millis(now)}
	if user != "" {
		query += ` AND approvals.user_id = $2`
		args = append(args, user)
	}
	return s.findApprovals(ctx, query+fmt.Sprintf(`
		ORDER BY approvals.expires_at, approvals.id
		LIMIT %d`, limit), args...)
}

// FindOtherAdmin implements [auth.Store].
func (s *Store) FindOtherAdmin(ctx context.Context, than ...auth.UserID) (exists bool, err error) {
	var others strings.Builder
	args := []any{auth.RoleAdmin}
	for _, user := range than {
		args = append(args, user)
		fmt.Fprintf(&others, ` AND id <> $%d`, len(args))
	}
	err = s.find(ctx, "find another admin", engine.Row{&exists}, `
		SELECT EXISTS (SELECT 1 FROM users WHERE role > 0 AND role = $1 AND disabled_at IS NULL`+others.String()+`)`, args...)
	return exists, err
}

// addApproval adds a request in place of those that no longer count. The lock keeps
// concurrent requests within the maximum.
func (t *tx) addApproval(ctx context.Context, a auth.Approval, now time.Time) (added bool, err error) {
	if err := t.serialize(ctx, adminLock); err != nil {
		return false, err
	}
	same, of := `user_id = $1`, string(a.User)
	if a.User == "" {
		same, of = `requested_by = $1`, string(a.By)
	}
	if err := t.Queue(ctx, `
		DELETE FROM approvals
		WHERE `+same+` AND NOT (`+isOpen("$2")+` AND `+requestedByAdmin+`)`, of, engine.Millis(now)); err != nil {
		return false, err
	}
	var n int
	err = t.Find(ctx, engine.Row{&n}, `
		SELECT count(*)
		FROM approvals
		WHERE requested_by = $1 AND `+isOpen("$2"), a.By, engine.Millis(now))
	if err == nil && n >= auth.ApprovalsMax {
		err = auth.ErrTooManyApprovals
	}
	if err != nil {
		return false, err
	}
	return t.change(ctx, `
		INSERT INTO approvals (id, user_id, action, target, requested_by, reason, requested_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT DO NOTHING`,
		a.ID, sql.Null[auth.UserID]{V: a.User, Valid: a.User != ""}, a.Action, a.Target, a.By, a.Reason, engine.Millis(a.RequestedAt), engine.Millis(a.ExpiresAt))
}

// spendApproval ends a request, or returns auth.ErrApprovalEnded: of any number of
// administrators who end it at once, one succeeds (OP-08).
func (t *tx) spendApproval(ctx context.Context, user auth.UserID, c auth.SpendApproval, now time.Time) error {
	rows, err := t.Exec(ctx, `
		DELETE FROM approvals
		WHERE id = $1 AND COALESCE(user_id, '') = $2 AND `+isOpen("$3")+` AND (requested_by = $4) = $5 AND `+requestedByAdmin,
		c.ID, user, engine.Millis(now), c.By, c.Own)
	if err == nil && rows == 0 {
		err = auth.ErrApprovalEnded
	}
	return err
}

// approveDownload lets a requester download, or returns auth.ErrApprovalEnded.
func (t *tx) approveDownload(ctx context.Context, c auth.ApproveDownload, now time.Time) error {
	rows, err := t.Exec(ctx, `
		UPDATE approvals SET approved_at = $1
		WHERE id = $2 AND user_id IS NULL AND approved_at IS NULL AND `+isOpen("$1")+` AND requested_by <> $3 AND `+requestedByAdmin,
		engine.Millis(now), c.ID, c.By)
	if err == nil && rows == 0 {
		err = auth.ErrApprovalEnded
	}
	return err
}

// spendDownload consumes an approved download, or returns auth.ErrNeedsApproval.
func (t *tx) spendDownload(ctx context.Context, c auth.SpendDownload, now time.Time) error {
	rows, err := t.Exec(ctx, `
		DELETE FROM approvals
		WHERE requested_by = $1 AND action = $2 AND target = $3 AND approved_at IS NOT NULL AND `+isOpen("$4")+` AND `+requestedByAdmin,
		c.By, auth.DownloadPeople, c.Filters, engine.Millis(now))
	if err == nil && rows == 0 {
		err = auth.ErrNeedsApproval
	}
	return err
}

// requireNoRole returns auth.ErrNeedsApproval if the account has a role.
func (t *tx) requireNoRole(ctx context.Context, user auth.UserID) error {
	role := auth.NoRole
	err := t.Each(ctx, engine.Row{&role}, func() {}, `SELECT role FROM users WHERE id = $1`, user)
	if err == nil && role > auth.NoRole {
		err = auth.ErrNeedsApproval
	}
	return err
}
