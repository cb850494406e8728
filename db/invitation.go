package db

import (
	"context"
	"database/sql"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

const invitationColumns = `
		SELECT
			invitations.id,
			invitations.email,
			invitations.email_key,
			COALESCE(invitations.user_id, ''),
			invitations.token_hash,
			invitations.invited_by,
			invitations.sent_at,
			invitations.opened_at,
			invitations.expires_at,
			users.email
		FROM invitations
		LEFT JOIN users ON users.id = invitations.invited_by`

// findInvitations runs a query of invitationColumns.
func (s *Store) findInvitations(ctx context.Context, query string, args ...any) (all []auth.Invitation, err error) {
	var (
		i  auth.Invitation
		by sql.Null[string]
	)
	err = s.each(ctx, "find invitations", engine.Row{
		&i.ID, &i.Email.Typed, &i.Email.Key, &i.User, &i.TokenHash, &i.By, engine.Time(&i.SentAt), engine.Time(&i.OpenedAt), engine.Time(&i.ExpiresAt), &by,
	}, func() {
		i.ByEmail = by.V
		all = append(all, i)
	}, invitationColumns+query, args...)
	return all, err
}

// FindInvitations implements [auth.Store].
func (s *Store) FindInvitations(ctx context.Context, before string, limit int) ([]auth.Invitation, error) {
	if before == "" {
		before = maxEventID
	}
	return s.findInvitations(ctx, `
		WHERE invitations.id < $1
		ORDER BY invitations.id DESC
		LIMIT $2`, before, limit)
}

// FindInvitationByID implements [auth.Store].
func (s *Store) FindInvitationByID(ctx context.Context, id string) (auth.Invitation, error) {
	return first(s.findInvitations(ctx, `
		WHERE invitations.id = $1`, id))
}

// FindInvitation implements [auth.Store].
func (s *Store) FindInvitation(ctx context.Context, tokenHash string, now time.Time) (auth.Invitation, error) {
	return first(s.findInvitations(ctx, `
		WHERE invitations.token_hash = $1 AND invitations.expires_at > $2
			AND NOT EXISTS (
				SELECT 1
				FROM users AS invited
				WHERE invited.email_key = invitations.email_key AND (invitations.user_id IS NULL OR invited.password_hash IS NOT NULL)
			)`, tokenHash, engine.Millis(now)))
}

// TouchInvitation implements [auth.Store].
func (s *Store) TouchInvitation(ctx context.Context, id string, now time.Time) error {
	_, err := s.change(ctx, "open invitation", "", `
		UPDATE invitations SET opened_at = $1
		WHERE id = $2 AND opened_at IS NULL`, engine.Millis(now), id)
	return err
}

// putInvitation adds an invitation or replaces that of the email address, which keeps its id. It
// returns false if that has the same token already.
func (t *tx) putInvitation(ctx context.Context, user auth.UserID, i auth.Invitation) (put bool, err error) {
	if user == "" {
		full := false
		if err := t.Find(ctx, engine.Row{&full}, `
			SELECT count(*) >= $1
			FROM (SELECT 1 FROM invitations WHERE user_id IS NULL AND email_key <> $2 LIMIT $1) AS few`, auth.InvitationsMax, i.Email.Key); err != nil {
			return false, err
		}
		if full {
			return false, auth.ErrTooManyInvitations
		}
	}
	return t.change(ctx, `
		INSERT INTO invitations (id, email, email_key, user_id, token_hash, invited_by, sent_at, expires_at)
		VALUES ($1, $2, $3, NULLIF($4, ''), $5, $6, $7, $8)
		ON CONFLICT (email_key) DO UPDATE SET
			email = excluded.email,
			token_hash = excluded.token_hash,
			invited_by = excluded.invited_by,
			sent_at = excluded.sent_at,
			opened_at = NULL,
			expires_at = excluded.expires_at
		WHERE invitations.token_hash <> excluded.token_hash`,
		i.ID, i.Email.Typed, i.Email.Key, user, i.TokenHash, i.By, engine.Millis(i.SentAt), engine.Millis(i.ExpiresAt))
}

// renewInvitation replaces the token of an invitation that has not ended and has another.
func (t *tx) renewInvitation(ctx context.Context, i auth.Invitation) (renewed bool, err error) {
	return t.change(ctx, `
		UPDATE invitations SET token_hash = $1, sent_at = $2, opened_at = NULL, expires_at = $3
		WHERE id = $4 AND token_hash <> $1`, i.TokenHash, engine.Millis(i.SentAt), engine.Millis(i.ExpiresAt), i.ID)
}

func (t *tx) removeInvitation(ctx context.Context, id string) (removed bool, err error) {
	return t.change(ctx, `DELETE FROM invitations WHERE id = $1`, id)
}

// spendInvitation removes an invitation: of any number of users of a link, one gets true.
func (t *tx) spendInvitation(ctx context.Context, tokenHash string, now time.Time) (spent bool, err error) {
	return t.change(ctx, `
		DELETE FROM invitations
		WHERE token_hash = $1 AND expires_at > $2`, tokenHash, engine.Millis(now))
}
