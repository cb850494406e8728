package db

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// An account's factors are read by one query, as of one moment: between two
// queries, an app could be added and a phone removed, and the account would seem
// to have neither. $2 is the current time.
const (
	factorColumns = `
			totp.added_at,
			totp.last_used_at,
			users.recovered_at IS NOT NULL,
			(SELECT count(*) FROM backup_codes WHERE user_id = users.id),
			EXISTS (SELECT 1 FROM backup_code_sets WHERE user_id = users.id AND unseen IS NOT NULL AND unseen_until > $2),` + passkeyColumns + `,
			phones.id,
			phones.number,
			phones.verified_at,
			phones.reserved_at,
			phones.default_at`
	factorJoins = `
		LEFT JOIN totp ON totp.user_id = users.id
		LEFT JOIN passkeys ON passkeys.user_id = users.id
		LEFT JOIN phones ON phones.user_id = users.id`
)

// factorRows collects the rows of one account, one for each pair of a passkey and a
// phone.
type factorRows struct {
	auth.Factors
	app     auth.TOTP
	passkey passkeyRow
	phone   phoneRow
	id      sql.Null[auth.PhoneID]
	number  sql.Null[string]
	phones  []phoneRow
}

func (r *factorRows) row() engine.Row {
	row := engine.Row{engine.Time(&r.app.AddedAt), engine.Time(&r.app.LastUsedAt), &r.Recovered, &r.BackupCodes, &r.CodesUnseen}
	row = append(row, r.passkey.row()...)
	return append(row,
		&r.id, &r.number, engine.Time(&r.phone.VerifiedAt), engine.Time(&r.phone.ReservedAt), engine.Time(&r.phone.defaultAt),
	)
}

func (r *factorRows) keep() {
	if p := r.passkey.passkey(); p.ID != "" && !slices.ContainsFunc(r.Passkeys, func(other auth.Passkey) bool { return other.ID == p.ID }) {
		r.Passkeys = append(r.Passkeys, p)
	}
	if r.id.Valid && !slices.ContainsFunc(r.phones, func(other phoneRow) bool { return other.ID == r.id.V }) {
		r.phone.ID, r.phone.Number = r.id.V, r.number.V
		r.phones = append(r.phones, r.phone)
	}
}

func (r *factorRows) factors() auth.Factors {
	if !r.app.AddedAt.IsZero() {
		r.TOTP = &r.app
	}
	r.Phones = sortPhones(r.phones)
	slices.SortFunc(r.Passkeys, func(a, b auth.Passkey) int {
		return cmp.Or(a.AddedAt.Compare(b.AddedAt), cmp.Compare(a.ID, b.ID))
	})
	return r.Factors
}

// FindFactors implements [auth.Store].
func (s *Store) FindFactors(ctx context.Context, user auth.UserID, now time.Time) (auth.Factors, error) {
	var rows factorRows
	err := s.each(ctx, "find factors", rows.row(), rows.keep, `
		SELECT`+factorColumns+`
		FROM users`+factorJoins+`
		WHERE users.id = $1`, user, engine.Millis(now))
	if err != nil {
		return auth.Factors{}, err
	}
	return rows.factors(), nil
}

// dropFactor completes the removal of a factor. The backup codes are removed after
// the last one.
func (t *tx) dropFactor(ctx context.Context, user auth.UserID, changes auth.ChangeSet) (dropped bool, err error) {
	if err := t.removeUnusedCodes(ctx, user); err != nil {
		return false, err
	}
	return t.apply(ctx, changes)
}

// hasFactors reports whether the account has at least so many second factors.
// After one is removed, in the same transaction, it makes sure that of two
// concurrent removals one leaves the last factor (RV-06).
func (t *tx) hasFactors(ctx context.Context, user auth.UserID, least int) (has bool, err error) {
	n := 0 // counted here: SQLite would read the whole view for count(*)
	err = t.Each(ctx, engine.Row{&user}, func() { n++ }, `SELECT user_id FROM mfa_accounts WHERE user_id = $1`, user)
	return n >= least, err
}

type phoneRow struct {
	auth.Phone
	defaultAt time.Time // when the user made it the default; zero for never
}

// sortPhones sorts the default phone first, then the other reserved ones, then the
// rest, each group from the oldest. The default is the one that the user chose,
// otherwise the one reserved first: it is derived, so every account with a
// reserved phone has one.
func sortPhones(rows []phoneRow) []auth.Phone {
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
