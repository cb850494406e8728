package db

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"twostep/auth"
)

// What an account has beside its password is read by one query and so at one
// moment: between two, an app could come and a phone go, and the account would
// seem to have neither. $2 is that moment.
const (
	factorColumns = `
			totp.added_at,
			totp.last_used_at,
			(SELECT count(*) FROM backup_codes WHERE user_id = users.id),
			EXISTS (SELECT 1 FROM backup_code_sets WHERE user_id = users.id AND unseen IS NOT NULL AND unseen_until > $2),
			phones.id,
			phones.number,
			phones.verified_at,
			phones.reserved_at,
			phones.default_at`
	factorJoins = `
		LEFT JOIN totp ON totp.user_id = users.id
		LEFT JOIN phones ON phones.user_id = users.id`
)

// factorRows gathers the rows of one account, one for each phone.
type factorRows struct {
	auth.Factors
	app    auth.TOTP
	phone  phoneRow
	id     sql.Null[auth.PhoneID]
	number sql.Null[string]
	phones []phoneRow
}

func (r *factorRows) row() Row {
	return Row{
		Time(&r.app.AddedAt), Time(&r.app.LastUsedAt), &r.BackupCodes, &r.CodesUnseen,
		&r.id, &r.number, Time(&r.phone.VerifiedAt), Time(&r.phone.ReservedAt), Time(&r.phone.defaultAt),
	}
}

func (r *factorRows) keep() {
	if r.id.Valid {
		r.phone.ID, r.phone.Number = r.id.V, r.number.V
		r.phones = append(r.phones, r.phone)
	}
}

func (r *factorRows) factors() auth.Factors {
	if !r.app.AddedAt.IsZero() {
		r.TOTP = &r.app
	}
	r.Phones = inOrder(r.phones)
	return r.Factors
}

// FindFactors reads an account's factors; an account without any, and one that
// does not exist, have empty ones.
func (s *Store) FindFactors(ctx context.Context, user auth.UserID, now time.Time) (auth.Factors, error) {
	var rows factorRows
	err := s.reader.Each(ctx, rows.row(), rows.keep, `
		SELECT`+factorColumns+`
		FROM users`+factorJoins+`
		WHERE users.id = $1`, user, Millis(now))
	if err != nil {
		return auth.Factors{}, fmt.Errorf("find factors: %w", err)
	}
	return rows.factors(), nil
}

// dropFactor ends the removal of a factor: the backup codes go with the last one.
func (t *tx) dropFactor(ctx context.Context, user auth.UserID, grant auth.ChangeSet) (dropped bool, err error) {
	if err := t.dropIdleCodes(ctx, user); err != nil {
		return false, err
	}
	return t.apply(ctx, grant)
}

// hasMFA reports whether the account has a second factor. After one is removed,
// in the same transaction, it makes sure that of two concurrent removals one
// leaves the last factor (RV-06).
func (t *tx) hasMFA(ctx context.Context, user auth.UserID) (has bool, err error) {
	err = t.Find(ctx, Row{&has}, `
		SELECT EXISTS (SELECT 1 FROM totp WHERE user_id = $1)
			OR EXISTS (SELECT 1 FROM phones WHERE user_id = $1 AND reserved_at IS NOT NULL)`, user)
	return has, err
}

type phoneRow struct {
	auth.Phone
	defaultAt time.Time // when the person put it first; zero for never
}

// inOrder puts the default phone first, then the other reserved ones, then the
// rest, each from the oldest. The default is the one the person put first, else
// the one reserved first: it is derived, so no account with a reserved phone is
// ever without one.
func inOrder(rows []phoneRow) []auth.Phone {
	rank := func(p phoneRow) int {
		switch {
		case !p.defaultAt.IsZero():
			return 0
		case p.Reserved():
			return 1
		}
		return 2
	}
	slices.SortFunc(rows, func(a, b phoneRow) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)),
			a.ReservedAt.Compare(b.ReservedAt),
			a.VerifiedAt.Compare(b.VerifiedAt),
			cmp.Compare(a.ID, b.ID),
		)
	})
	var phones []auth.Phone
	for i, row := range rows {
		row.Default = i == 0 && row.Reserved()
		phones = append(phones, row.Phone)
	}
	return phones
}
