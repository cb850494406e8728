package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// mfaColumns are the [auth.MFADeadline] of users. Everyone is in the group with the empty
// name. Policies are few, usually none: a list of the account's groups would be a temporary
// table on every page.
const (
	mfaPolicyDay = `(
				SELECT min(day)
				FROM mfa_policies
				WHERE group_name = '' OR EXISTS (SELECT 1 FROM account_groups WHERE user_id = users.id AND account_groups.name = mfa_policies.group_name)
			)`
	mfaExemptDay = `(SELECT until_day FROM mfa_exemptions WHERE user_id = users.id)`
	mfaColumns   = `
			` + mfaPolicyDay + `,
			` + mfaExemptDay
)

// FindMFAPolicies implements [auth.Store].
func (s *Store) FindMFAPolicies(ctx context.Context) (all []auth.MFAPolicy, err error) {
	var p auth.MFAPolicy
	err = s.each(ctx, "find MFA policies", engine.Row{&p.Group, engine.Time(&p.Day)}, func() { all = append(all, p) }, `
		SELECT group_name, day
		FROM mfa_policies
		ORDER BY group_name`)
	return all, err
}

// putMFAPolicy adds a policy or moves its day, unless another operator has done so since it
// was read.
func (t *tx) putMFAPolicy(ctx context.Context, c auth.PutMFAPolicy) (changed bool, err error) {
	if err := t.serialize(ctx, mfaPolicyLock); err != nil { // for the maximum
		return false, err
	}
	query, last := `
		UPDATE mfa_policies SET day = $2
		WHERE group_name = $1 AND day = $3`, any(engine.Millis(c.Was))
	if c.Was.IsZero() {
		query, last = `
		INSERT INTO mfa_policies (group_name, day)
		SELECT $1, $2
		WHERE (SELECT count(*) FROM mfa_policies) < $3
		ON CONFLICT DO NOTHING`, auth.MFAPoliciesMax
	}
	return t.change(ctx, query, c.Group, engine.Millis(c.Day), last)
}

func (t *tx) removeMFAPolicy(ctx context.Context, group string) (removed bool, err error) {
	return t.change(ctx, `DELETE FROM mfa_policies WHERE group_name = $1`, group)
}

// putMFAExemption exempts an account, unless it has been deleted.
func (t *tx) putMFAExemption(ctx context.Context, user auth.UserID, c auth.PutMFAExemption) (put bool, err error) {
	return t.change(ctx, `
		INSERT INTO mfa_exemptions (user_id, until_day, reason, exempted_by)
		SELECT id, $2, $3, $4
		FROM users
		WHERE id = $1
		ON CONFLICT (user_id) DO UPDATE SET until_day = excluded.until_day, reason = excluded.reason, exempted_by = excluded.exempted_by`,
		user, engine.Millis(c.Until), c.Reason, c.By)
}

// RemoveMFAExemption implements [auth.Store].
func (s *Store) RemoveMFAExemption(ctx context.Context, user auth.UserID, changes auth.ChangeSet) (removed bool, err error) {
	return s.spend(ctx, "end MFA exemption", user, changes, `
		DELETE FROM mfa_exemptions
		WHERE user_id = $1 AND until_day > $2`, user, engine.Millis(changes.At))
}

// FindMFAExemptions implements [auth.Store].
func (s *Store) FindMFAExemptions(ctx context.Context, after auth.UserID, now time.Time, limit int) (all []auth.MFAExemption, err error) {
	var (
		e  auth.MFAExemption
		by sql.Null[string]
	)
	following, args := ``, []any{engine.Millis(now)}
	if after != "" {
		following, args = ` AND (until_day, user_id) > ((SELECT until_day FROM mfa_exemptions WHERE user_id = $2), $2)`, append(args, after)
	}
	err = s.each(ctx, "find MFA exemptions", engine.Row{&e.User, engine.Time(&e.Until), &e.Reason, &e.By, &e.Email, &by}, func() {
		e.ByEmail = by.V
		all = append(all, e)
	}, fmt.Sprintf(`
		SELECT
			mfa_exemptions.user_id,
			mfa_exemptions.until_day,
			mfa_exemptions.reason,
			mfa_exemptions.exempted_by,
			users.email,
			operators.email
		FROM mfa_exemptions
		JOIN users ON users.id = mfa_exemptions.user_id
		LEFT JOIN users AS operators ON operators.id = mfa_exemptions.exempted_by
		WHERE until_day > $1%s
		ORDER BY until_day, user_id
		LIMIT %d`, following, limit), args...)
	return all, err
}

// mfaMembers are the accounts that can sign in without a second factor, with the day from
// which they will need one.
const mfaMembers = `
			SELECT id, email, CASE WHEN exempt_day > policy_day THEN exempt_day ELSE policy_day END AS day
			FROM (
				SELECT users.id, users.email, ` + mfaPolicyDay + ` AS policy_day, ` + mfaExemptDay + ` AS exempt_day
				FROM users
				WHERE users.disabled_at IS NULL AND users.password_hash IS NOT NULL
					AND ` + hasNoPasskey + ` AND ` + hasNoTOTP + ` AND NOT ` + hasSMS + `
					AND users.id`

// FindMFAMembers implements [auth.Store]. Most of the time no day is near, and it reads no
// account.
func (s *Store) FindMFAMembers(ctx context.Context, after auth.UserID, now, until time.Time, scan int) (members []auth.MFAMember, next auth.UserID, err error) {
	near := false
	err = s.find(ctx, "find MFA deadlines", engine.Row{&near}, `
		SELECT EXISTS (SELECT 1 FROM mfa_policies WHERE day > $1 AND day <= $2)
			OR EXISTS (SELECT 1 FROM mfa_exemptions WHERE until_day > $1 AND until_day <= $2)`, engine.Millis(now), engine.Millis(until))
	if err != nil || !near {
		return nil, "", err
	}
	err = s.each(ctx, "find accounts", engine.Row{&next}, func() {}, fmt.Sprintf(`
		SELECT id
		FROM users
		WHERE id > $1
		ORDER BY id
		LIMIT 1 OFFSET %d`, scan-1), after)
	if err != nil {
		return nil, "", err
	}
	last := next
	if last == "" {
		last = lastCharacter
	}
	var m auth.MFAMember
	err = s.each(ctx, "find accounts to remind", engine.Row{&m.User, &m.Email, engine.Time(&m.Day), &m.Reminded}, func() { members = append(members, m) }, `
		SELECT id, email, day, COALESCE((SELECT min(days_before) FROM mfa_reminders WHERE user_id = member.id AND day = member.day), 0)
		FROM (`+mfaMembers+` > $3 AND users.id <= $4
			) AS deadlines
		) AS member
		WHERE day > $1 AND day <= $2
		ORDER BY id`, engine.Millis(now), engine.Millis(until), after, last)
	return members, next, err
}

// SpendMFAReminder implements [auth.Store].
func (s *Store) SpendMFAReminder(ctx context.Context, user auth.UserID, day time.Time, daysBefore int, changes auth.ChangeSet) (spent bool, err error) {
	return s.spend(ctx, "spend MFA reminder", user, changes, `
		INSERT INTO mfa_reminders (user_id, day, days_before)
		SELECT id, day, $3
		FROM (`+mfaMembers+` = $1
			) AS deadlines
		) AS member
		WHERE day = $2 AND NOT EXISTS (SELECT 1 FROM mfa_reminders WHERE user_id = $1 AND day = $2 AND days_before <= $3)
		ON CONFLICT DO NOTHING`, user, engine.Millis(day), daysBefore)
}
