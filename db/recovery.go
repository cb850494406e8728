package db

import (
	"context"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

const recoveryColumns = `
			recoveries.user_id,
			recoveries.id,
			recoveries.requested_at,
			recoveries.reminded,
			recoveries.due_at,
			recoveries.actor,
			recoveries.ended_at,
			recoveries.completed`

func recoveryRow(r *auth.Recovery) engine.Row {
	return engine.Row{&r.User, &r.ID, engine.Time(&r.RequestedAt), &r.Reminded, engine.Time(&r.DueAt), &r.Actor, engine.Time(&r.EndedAt), &r.Completed}
}

// FindRecovery implements [auth.Store].
func (s *Store) FindRecovery(ctx context.Context, user auth.UserID) (r auth.Recovery, err error) {
	err = s.find(ctx, "find recovery", recoveryRow(&r), `
		SELECT`+recoveryColumns+`
		FROM recoveries
		WHERE user_id = $1`, user)
	return r, err
}

// FindRecoveryByToken implements [auth.Store].
func (s *Store) FindRecoveryByToken(ctx context.Context, tokenHash string) (r auth.Recovery, err error) {
	err = s.find(ctx, "find recovery", recoveryRow(&r), `
		SELECT`+recoveryColumns+`
		FROM recovery_tokens
		JOIN recoveries ON recoveries.user_id = recovery_tokens.user_id
		WHERE recovery_tokens.token_hash = $1`, tokenHash)
	return r, err
}

// FindDueRecoveries implements [auth.Store].
func (s *Store) FindDueRecoveries(ctx context.Context, now time.Time, limit int) (all []auth.Recovery, err error) {
	var r auth.Recovery
	err = s.each(ctx, "find due recoveries", recoveryRow(&r), func() { all = append(all, r) }, `
		SELECT`+recoveryColumns+`
		FROM recoveries
		WHERE ended_at IS NULL AND next_at <= $1
		ORDER BY next_at
		LIMIT $2`, engine.Millis(now), limit)
	return all, err
}

// FindPendingRecoveries implements [auth.Store].
func (s *Store) FindPendingRecoveries(ctx context.Context, limit int) (all []auth.PendingRecovery, err error) {
	var p auth.PendingRecovery
	err = s.each(ctx, "find pending recoveries", append(recoveryRow(&p.Recovery), &p.Email, &p.ActorEmail), func() { all = append(all, p) }, `
		SELECT`+recoveryColumns+`,
			users.email,
			COALESCE((SELECT email FROM users AS actors WHERE actors.id = recoveries.actor), '')
		FROM recoveries
		JOIN users ON users.id = recoveries.user_id
		WHERE recoveries.ended_at IS NULL
		ORDER BY recoveries.due_at, recoveries.user_id
		LIMIT $1`, limit)
	return all, err
}

// sameRecovery is the condition that a recovery is pending and as it was read.
const sameRecovery = `user_id = $1 AND id = $2 AND reminded = $3 AND due_at = $4 AND ended_at IS NULL`

func sameArgs(r auth.Recovery, more ...any) []any {
	return append([]any{r.User, r.ID, flag(r.Reminded), engine.Millis(r.DueAt)}, more...)
}

// ReplaceRecovery implements [auth.Store].
func (s *Store) ReplaceRecovery(ctx context.Context, r auth.Recovery, due time.Time, changes auth.ChangeSet) (replaced bool, err error) {
	return s.spend(ctx, "remind of recovery", r.User, changes, `
		UPDATE recoveries SET reminded = 1, due_at = $5, next_at = $5
		WHERE `+sameRecovery, sameArgs(r, engine.Millis(due))...)
}

// SpendRecovery implements [auth.Store].
func (s *Store) SpendRecovery(ctx context.Context, r auth.Recovery, changes auth.ChangeSet) (spent bool, err error) {
	return s.write(ctx, "complete recovery", r.User, func(tx *tx) (bool, error) {
		ended, err := tx.Exec(ctx, `
			UPDATE recoveries SET ended_at = $5, completed = 1
			WHERE `+sameRecovery+` AND reminded = 1 AND due_at <= $5`, sameArgs(r, engine.Millis(changes.At))...)
		if err != nil || ended == 0 {
			return false, err
		}
		if _, err := tx.removeFactors(ctx, r.User); err != nil {
			return false, err
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET recovered_at = $1 WHERE id = $2`, engine.Millis(changes.At), r.User); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}

// EndRecovery implements [auth.Store].
func (s *Store) EndRecovery(ctx context.Context, user auth.UserID, id string, changes auth.ChangeSet) (ended bool, err error) {
	return s.spend(ctx, "stop recovery", user, changes, `
		UPDATE recoveries SET ended_at = $1
		WHERE user_id = $2 AND id = $3 AND ended_at IS NULL`, engine.Millis(changes.At), user, id)
}

// stopRecovery ends the account's pending recovery and applies the changes that come with
// it, if there is one.
func (t *tx) stopRecovery(ctx context.Context, set auth.ChangeSet, changes []auth.Change) (applied bool, err error) {
	ended, err := t.Exec(ctx, `
		UPDATE recoveries SET ended_at = $1
		WHERE user_id = $2 AND ended_at IS NULL`, engine.Millis(set.At), set.User)
	if err != nil || ended == 0 {
		return err == nil, err
	}
	return t.apply(ctx, auth.ChangeSet{User: set.User, At: set.At, Changes: changes})
}

// addRecovery adds a recovery in place of an earlier one. It locks the row of the
// earlier one, so that of concurrent requests one succeeds.
func (t *tx) addRecovery(ctx context.Context, user auth.UserID, a auth.AddRecovery) (added bool, err error) {
	changed, err := t.Exec(ctx, `
		INSERT INTO recoveries (user_id, id, requested_at, reminded, due_at, next_at, actor, completed)
		SELECT id, $2, $3, 0, $4, $5, $6, 0
		FROM users
		WHERE id = $1 AND disabled_at IS NULL AND role = 0 AND EXISTS (SELECT 1 FROM mfa_accounts WHERE user_id = $1)
		ON CONFLICT (user_id) DO UPDATE SET
			id = excluded.id,
			requested_at = excluded.requested_at,
			reminded = excluded.reminded,
			due_at = excluded.due_at,
			next_at = excluded.next_at,
			actor = excluded.actor,
			ended_at = NULL,
			completed = excluded.completed
		WHERE recoveries.ended_at IS NOT NULL AND recoveries.requested_at NOT BETWEEN $7 AND $8`, // one dated in the future does not count
		user, a.ID, engine.Millis(a.RequestedAt), engine.Millis(a.DueAt), engine.Millis(a.RemindAt()), a.Actor,
		engine.Millis(a.LastBefore.Add(time.Millisecond)), engine.Millis(a.RequestedAt.Add(auth.ClockSkew)))
	if err != nil || changed == 0 {
		return false, err
	}
	_, err = t.Exec(ctx, `DELETE FROM recovery_tokens WHERE user_id = $1`, user)
	return true, err
}

// addRecoveryToken adds a token that stops the account's recovery.
func (t *tx) addRecoveryToken(ctx context.Context, user auth.UserID, hash string) error {
	_, err := t.Exec(ctx, `INSERT INTO recovery_tokens (token_hash, user_id) VALUES ($1, $2)`, hash, user)
	return err
}
