package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"twostep/auth"
)

// FindBackupSalt reads the salt of an account's set.
func (s *Store) FindBackupSalt(ctx context.Context, user auth.UserID) (salt string, err error) {
	err = s.find(ctx, "find the salt of backup codes", Row{&salt}, `
		SELECT salt
		FROM backup_code_sets
		WHERE user_id = $1`, user)
	return salt, err
}

// SpendBackupCode removes the code with that hash.
func (s *Store) SpendBackupCode(ctx context.Context, user auth.UserID, hash string, grant auth.ChangeSet) (spent bool, err error) {
	return s.spend(ctx, "spend a backup code", user, grant, `
		DELETE FROM backup_codes
		WHERE user_id = $1 AND hash = $2`, user, hash)
}

// ReplaceBackupCodes puts a new set in place of the account's, whose codes
// stop working; replaced is false where the account has no second factor.
func (s *Store) ReplaceBackupCodes(ctx context.Context, set auth.BackupCodeSet, grant auth.ChangeSet) (replaced bool, err error) {
	return s.write(ctx, "replace backup codes", set.User, func(tx *tx) (bool, error) {
		unseen, err := tx.sealCodes(set)
		if err != nil {
			return false, err
		}
		changed, err := tx.Exec(ctx, `
			INSERT INTO backup_code_sets (user_id, salt, unseen, unseen_until, made_at)
			SELECT id, $2, $3, $4, $5
			FROM users
			WHERE id = $1 AND (
				EXISTS (SELECT 1 FROM totp WHERE user_id = $1)
				OR EXISTS (SELECT 1 FROM phones WHERE user_id = $1 AND reserved_at IS NOT NULL)
			)
			ON CONFLICT (user_id) DO UPDATE SET
				salt = excluded.salt,
				unseen = excluded.unseen,
				unseen_until = excluded.unseen_until,
				made_at = excluded.made_at`,
			set.User, set.Salt, unseen, Millis(set.UnseenUntil), Millis(set.MadeAt))
		if err != nil || changed == 0 {
			return false, err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM backup_codes WHERE user_id = $1`, set.User); err != nil {
			return false, err
		}
		if err := tx.addCodeHashes(ctx, set); err != nil {
			return false, err
		}
		return tx.apply(ctx, grant)
	})
}

// FindUnseenCodes reads the codes of a set that was not seen yet.
func (s *Store) FindUnseenCodes(ctx context.Context, user auth.UserID, now time.Time) (codes []string, err error) {
	var sealed []byte
	err = s.find(ctx, "find unseen backup codes", Row{&sealed}, `
		SELECT unseen
		FROM backup_code_sets
		WHERE user_id = $1 AND unseen IS NOT NULL AND unseen_until > $2`, user, Millis(now))
	if err != nil {
		return nil, err
	}
	plain, err := s.seals.open(unseenCodes(user), sealed)
	if err == nil {
		err = json.Unmarshal(plain, &codes)
	}
	if err != nil {
		return nil, fmt.Errorf("find unseen backup codes: %w", err)
	}
	return codes, nil
}

// SpendUnseenCodes forgets them: from now on only the person has them.
func (s *Store) SpendUnseenCodes(ctx context.Context, user auth.UserID) (spent bool, err error) {
	return s.write(ctx, "forget unseen backup codes", user, func(tx *tx) (bool, error) {
		forgot, err := tx.Exec(ctx, `
			UPDATE backup_code_sets SET unseen = NULL
			WHERE user_id = $1 AND unseen IS NOT NULL`, user)
		return forgot > 0, err
	})
}

// ensureBackupCodes gives an account its first set. One it has is never replaced
// here: the person may have it on paper.
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
		set.User, set.Salt, unseen, Millis(set.UnseenUntil), Millis(set.MadeAt))
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
		VALUES `+values(len(set.Hashes), 2), args...)
	return err
}

// dropIdleCodes takes the codes of an account that has no second factor left:
// they stand in for one, and alone they are none.
func (t *tx) dropIdleCodes(ctx context.Context, user auth.UserID) error {
	_, err := t.Exec(ctx, `
		DELETE FROM backup_code_sets
		WHERE user_id = $1
			AND NOT EXISTS (SELECT 1 FROM totp WHERE user_id = $1)
			AND NOT EXISTS (SELECT 1 FROM phones WHERE user_id = $1 AND reserved_at IS NOT NULL)`, user)
	return err
}

func (t *tx) sealCodes(set auth.BackupCodeSet) ([]byte, error) {
	plain, err := json.Marshal(set.Unseen)
	if err != nil {
		return nil, err
	}
	return t.seals.seal(unseenCodes(set.User), plain)
}
