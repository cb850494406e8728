package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// FindBackupSalt implements [auth.Store].
func (s *Store) FindBackupSalt(ctx context.Context, user auth.UserID) (salt string, err error) {
	err = s.find(ctx, "find salt of backup codes", engine.Row{&salt}, `
		SELECT salt
		FROM backup_code_sets
		WHERE user_id = $1`, user)
	return salt, err
}

// SpendBackupCode implements [auth.Store].
func (s *Store) SpendBackupCode(ctx context.Context, user auth.UserID, hash string, changes auth.ChangeSet) (spent bool, err error) {
	return s.spend(ctx, "spend backup code", user, changes, `
		DELETE FROM backup_codes
		WHERE user_id = $1 AND hash = $2`, user, hash)
}

// ReplaceBackupCodes implements [auth.Store].
func (s *Store) ReplaceBackupCodes(ctx context.Context, set auth.BackupCodeSet, changes auth.ChangeSet) (replaced bool, err error) {
	return s.write(ctx, "replace backup codes", set.User, func(tx *tx) (bool, error) {
		unseen, err := tx.sealCodes(set)
		if err != nil {
			return false, err
		}
		changed, err := tx.Exec(ctx, `
			INSERT INTO backup_code_sets (user_id, salt, unseen, unseen_until, made_at)
			SELECT id, $2, $3, $4, $5
			FROM users
			WHERE id = $1 AND EXISTS (SELECT 1 FROM mfa_accounts WHERE user_id = $1)
			ON CONFLICT (user_id) DO UPDATE SET
				salt = excluded.salt,
				unseen = excluded.unseen,
				unseen_until = excluded.unseen_until,
				made_at = excluded.made_at`,
			set.User, set.Salt, unseen, engine.Millis(set.UnseenUntil), engine.Millis(set.MadeAt))
		if err != nil || changed == 0 {
			return false, err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM backup_codes WHERE user_id = $1`, set.User); err != nil {
			return false, err
		}
		if err := tx.addCodeHashes(ctx, set); err != nil {
			return false, err
		}
		return tx.apply(ctx, changes)
	})
}

// FindUnseenCodes implements [auth.Store].
func (s *Store) FindUnseenCodes(ctx context.Context, user auth.UserID, now time.Time) (codes []string, err error) {
	var sealed []byte
	err = s.find(ctx, "find unseen backup codes", engine.Row{&sealed}, `
		SELECT unseen
		FROM backup_code_sets
		WHERE user_id = $1 AND unseen IS NOT NULL AND unseen_until > $2`, user, engine.Millis(now))
	if err != nil {
		return nil, err
	}
	plain, err := s.seals.Open(unseenCodes.place(string(user)), sealed)
	if err == nil {
		err = json.Unmarshal(plain, &codes)
	}
	if err != nil {
		return nil, fmt.Errorf("find unseen backup codes: %w", err)
	}
	return codes, nil
}

// SpendUnseenCodes implements [auth.Store].
func (s *Store) SpendUnseenCodes(ctx context.Context, user auth.UserID) (spent bool, err error) {
	return s.change(ctx, "erase unseen backup codes", user, `
		UPDATE backup_code_sets SET unseen = NULL
		WHERE user_id = $1 AND unseen IS NOT NULL`, user)
}

// ensureBackupCodes adds an account's first set. It never replaces a set, which the
// user may have on paper.
func (t *tx) ensureBackupCodes(ctx context.Context, user auth.UserID, set auth.BackupCodeSet) error {
	set.User = user
	unseen, err := t.sealCodes(set)
	if err != nil {
		return err
	}
	added, err := t.Exec(ctx, `
		INSERT INTO backup_code_sets (user_id, salt, unseen, unseen_until, made_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id) DO NOTHING`,
		set.User, set.Salt, unseen, engine.Millis(set.UnseenUntil), engine.Millis(set.MadeAt))
	if err != nil || added == 0 {
		return err
	}
	return t.addCodeHashes(ctx, set)
}

func (t *tx) addCodeHashes(ctx context.Context, set auth.BackupCodeSet) error {
	var args []any
	for _, hash := range set.Hashes {
		args = append(args, set.User, hash)
	}
	_, err := t.Exec(ctx, `
		INSERT INTO backup_codes (user_id, hash)
		VALUES `+engine.Placeholders(len(set.Hashes), 2), args...)
	return err
}

// removeUnusedCodes removes the backup codes of an account without a second factor:
// they are a substitute for one and never a factor of their own.
func (t *tx) removeUnusedCodes(ctx context.Context, user auth.UserID) error {
	_, err := t.Exec(ctx, `
		DELETE FROM backup_code_sets
		WHERE user_id = $1 AND NOT EXISTS (SELECT 1 FROM mfa_accounts WHERE user_id = $1)`, user)
	return err
}

func (t *tx) sealCodes(set auth.BackupCodeSet) ([]byte, error) {
	plain, err := json.Marshal(set.Unseen)
	if err != nil {
		return nil, err
	}
	return t.seals.Seal(unseenCodes.place(string(set.User)), plain)
}
