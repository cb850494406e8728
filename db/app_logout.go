package db

import (
	"context"
	"time"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// A sessionEnd has the queries by which sessions end. There is no other way, so that
// their apps are always notified (OI-50).
type sessionEnd struct {
	lock   string
	codes  string // removes the sent codes that belong to them
	logout string // apps to notify: app, account and session; the session is empty for all of the account's
	rows   string
}

// endOf returns the queries for a subquery of session ids.
func endOf(sessions string) sessionEnd {
	return sessionEnd{
		lock:   `SELECT id FROM sessions WHERE id IN (` + sessions + `) FOR UPDATE`,
		codes:  removeCodesIn(sessions),
		logout: logoutOf(`app_grants.session_id IN (` + sessions + `)`),
		rows:   `DELETE FROM sessions WHERE id IN (` + sessions + `)`,
	}
}

var (
	endToken    = endOf(`SELECT id FROM sessions WHERE token_hash = $1`)
	endOne      = endOf(`SELECT id FROM sessions WHERE id = $1 AND user_id = $2`)
	endAllBut   = endOf(`SELECT id FROM sessions WHERE user_id = $1 AND id <> $2`)
	endAccount  = logoutOf(`app_grants.user_id = $1 AND ` + hasAccess)
	endOutlived = logoutOf(`app_grants.user_id = $1 AND app_grants.session_id IS NULL AND ` + hasAccess)
	endAccess   = logoutOf(`app_grants.user_id = $1 AND app_grants.app_id = $2 AND ` + hasAccess)
)

// hasAccess is the condition under which an app may have signed the user in with a grant.
// Codes that were not used count too: one may be in use at this moment. So do ended grants
// while their session lasts: the app may have a session of its own.
const hasAccess = `(app_grants.session_id IS NOT NULL OR app_grants.offline = 1 AND app_grants.ended_at IS NULL)`

func logoutOf(condition string) string {
	return `
		SELECT DISTINCT
			app_grants.app_id,
			app_grants.user_id,
			COALESCE(app_grants.session_id, '')
		FROM app_grants
		JOIN apps ON apps.id = app_grants.app_id
		WHERE apps.backchannel_uri <> '' AND ` + condition
}

// end ends sessions and queues a message to each of their apps. The sessions are locked
// first: a code for one of them is either seen here or not issued.
func (t *tx) end(ctx context.Context, e sessionEnd, now time.Time, args ...any) (ended int64, err error) {
	if t.concurrent {
		if err := t.Each(ctx, engine.Row{new(string)}, func() {}, e.lock, args...); err != nil {
			return 0, err
		}
	}
	if _, err := t.Exec(ctx, e.codes, args...); err != nil {
		return 0, err
	}
	if err := t.queueLogouts(ctx, e.logout, now, args...); err != nil {
		return 0, err
	}
	return t.Exec(ctx, e.rows, args...)
}

// queueLogouts queues a message to each app that a query of logoutOf finds.
func (t *tx) queueLogouts(ctx context.Context, query string, now time.Time, args ...any) error {
	var app string
	var user auth.UserID
	var session auth.SessionID
	var messages []auth.Message
	err := t.Each(ctx, engine.Row{&app, &user, &session}, func() {
		messages = append(messages, auth.NewLogoutMessage(app, user, session, now))
	}, query, args...)
	for _, m := range messages {
		if err == nil {
			err = t.addMessage(ctx, m, now)
		}
	}
	return err
}

// SignOutSession implements [oidc.Store].
func (s *Store) SignOutSession(ctx context.Context, user auth.UserID, id auth.SessionID, now time.Time) error {
	_, err := s.write(ctx, "sign out session", user, func(tx *tx) (bool, error) {
		_, err := tx.end(ctx, endOne, now, id, user)
		return true, err
	})
	return err
}

// FindLogoutApps implements [oidc.Store].
func (s *Store) FindLogoutApps(ctx context.Context, now, furthest time.Time) (apps []string, err error) {
	var id string
	err = s.each(ctx, "find apps to notify", engine.Row{&id}, func() { apps = append(apps, id) }, `
		SELECT id
		FROM apps
		WHERE backchannel_uri <> '' AND EXISTS (
			SELECT 1
			FROM messages
			WHERE channel = $1 || apps.id AND body IS NOT NULL AND (due_at <= $2 OR due_at > $3)
		)
		ORDER BY name, id`, auth.AppChannel(""), engine.Millis(now), engine.Millis(furthest))
	return apps, err
}
