package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"twostep/auth"
)

// FindAttempt reads an attempt that has not expired, with its proofs. Of the
// method chosen it knows the kind and the phone's id.
func (s *Store) FindAttempt(ctx context.Context, handle string, now time.Time) (auth.Attempt, error) {
	var (
		a     auth.Attempt
		hash  storedHash
		kind  sql.Null[auth.FactorKind]
		proof auth.VerifiedFactor
	)
	err := s.reader.Each(ctx, Row{
		&a.TokenHash, &a.Purpose, &a.User, &a.Email, &hash.open, &hash.sealed, &a.Chosen.Kind, &a.Chosen.Phone.ID,
		&a.Next, &a.Session, Time(&a.ExpiresAt), &kind, Time(&proof.At),
	}, func() {
		if kind.Valid {
			proof.Factor = kind.V
			a.Verified = append(a.Verified, proof)
		}
	}, `
		SELECT
			attempts.handle,
			attempts.purpose,
			COALESCE(attempts.user_id, ''),
			attempts.email,
			attempts.new_hash,
			attempts.new_sealed,
			attempts.chosen_kind,
			attempts.chosen_phone,
			attempts.next,
			COALESCE(attempts.session_id, ''),
			attempts.expires_at,
			attempt_proofs.kind,
			attempt_proofs.proved_at
		FROM attempts
		LEFT JOIN attempt_proofs ON attempt_proofs.attempt = attempts.handle
		WHERE attempts.handle = $1 AND attempts.expires_at > $2
		ORDER BY attempt_proofs.place`, handle, Millis(now))
	if err != nil {
		return auth.Attempt{}, fmt.Errorf("find an attempt: %w", err)
	}
	if a.TokenHash == "" {
		return auth.Attempt{}, auth.ErrNotFound
	}
	if a.NewPasswordHash, err = s.seals.openHash(newHash(a.TokenHash), hash); err != nil {
		return auth.Attempt{}, fmt.Errorf("find an attempt: %w", err)
	}
	return a, nil
}

// AddAttempt writes an attempt that has proved nothing yet, and what comes with it.
func (s *Store) AddAttempt(ctx context.Context, grant auth.ChangeSet) error {
	return s.add(ctx, "add an attempt", grant.User, func(tx *tx) (bool, error) { return tx.apply(ctx, grant) })
}

// ReplaceMethod turns an attempt to another method, with the code that was
// sent for it; changed is false where the attempt is over.
func (s *Store) ReplaceMethod(ctx context.Context, handle string, chosen auth.Method, grant auth.ChangeSet) (changed bool, err error) {
	return s.spend(ctx, "choose a method", grant.User, grant, `
		UPDATE attempts SET chosen_kind = $1, chosen_phone = $2
		WHERE handle = $3 AND expires_at > $4`, chosen.Kind, chosen.Phone.ID, handle, Millis(grant.At))
}

// RemoveAttempt ends an attempt and its code.
func (s *Store) RemoveAttempt(ctx context.Context, handle string) error {
	_, err := s.write(ctx, "remove an attempt", "", func(tx *tx) (bool, error) {
		if _, err := tx.Exec(ctx, `DELETE FROM attempts WHERE handle = $1`, handle); err != nil {
			return false, err
		}
		return true, tx.removeSentCode(ctx, handle)
	})
	return err
}

// endAttempt answers whether the attempt was open. Of two answers that would
// both finish it, one is told so.
func (t *tx) endAttempt(ctx context.Context, handle string, now time.Time) (open bool, err error) {
	ended, err := t.Exec(ctx, `
		DELETE FROM attempts
		WHERE handle = $1 AND expires_at > $2`, handle, Millis(now))
	if err != nil || ended == 0 {
		return false, err
	}
	return true, t.removeSentCode(ctx, handle)
}

// endOlderAttempts ends the other attempts of an account for the same purpose, so that
// of codes sent for it the newest alone is worth something (RC-03).
func (t *tx) endOlderAttempts(ctx context.Context, user auth.UserID, c auth.EndOlderAttempts) error {
	if user == "" {
		return nil
	}
	_, err := t.Exec(ctx, `
		DELETE FROM sent_codes
		WHERE holder IN (SELECT handle FROM attempts WHERE user_id = $1 AND purpose = $2 AND handle <> $3)`,
		user, c.Purpose, c.Except)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `
		DELETE FROM attempts
		WHERE user_id = $1 AND purpose = $2 AND handle <> $3`, user, c.Purpose, c.Except)
	return err
}

// addAttempt begins an attempt. It answers false where the account, or the
// session that it should raise, is gone.
func (t *tx) addAttempt(ctx context.Context, user auth.UserID, a auth.Attempt) (added bool, err error) {
	sealed, err := t.seals.sealHash(newHash(a.TokenHash), a.NewPasswordHash)
	if err != nil {
		return false, err
	}
	rows, err := t.Exec(ctx, `
		INSERT INTO attempts
			(handle, purpose, user_id, email, new_hash, new_sealed, chosen_kind, chosen_phone, next, session_id, expires_at)
		SELECT $1, $2, NULLIF($3, ''), $4, '', $5, $6, $7, $8, NULLIF($9, ''), $10
		WHERE ($3 = '' OR EXISTS (SELECT 1 FROM users WHERE id = $3))
			AND ($9 = '' OR EXISTS (SELECT 1 FROM sessions WHERE id = $9 AND user_id = $3))
		ON CONFLICT (handle) DO NOTHING`,
		a.TokenHash, a.Purpose, user, a.Email, orNull(sealed), a.Chosen.Kind, a.Chosen.Phone.ID, a.Next, a.Session, Millis(a.ExpiresAt))
	if err != nil || rows == 0 {
		return false, err
	}
	for place, proof := range a.Verified {
		_, err := t.Exec(ctx, `
			INSERT INTO attempt_proofs (attempt, place, kind, proved_at)
			VALUES ($1, $2, $3, $4)`, a.TokenHash, place, proof.Factor, Millis(proof.At))
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// addVerifiedFactor adds a right answer to an attempt, and answers whether that was
// open. The write that changes nothing holds the attempt: another answer to it
// gets the next place, and who ends it waits.
func (t *tx) addVerifiedFactor(ctx context.Context, p auth.AddVerifiedFactor, now time.Time) (open bool, err error) {
	held, err := t.Exec(ctx, `
		UPDATE attempts SET handle = handle
		WHERE handle = $1 AND expires_at > $2`, p.Attempt, Millis(now))
	if err != nil || held == 0 {
		return false, err
	}
	_, err = t.Exec(ctx, `
		INSERT INTO attempt_proofs (attempt, place, kind, proved_at)
		SELECT $1, count(*), $2, $3
		FROM attempt_proofs
		WHERE attempt = $1`, p.Attempt, p.Factor, Millis(p.At))
	return true, err
}
