package db

import (
	"context"
	"errors"
	"fmt"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// copiedTables are all tables except schema_migrations, each after those that it
// references.
var copiedTables = []string{
	"keyring", "users", "account_groups", "invitations", "host_uses", "known_devices", "audit_events", "approvals", "settings", "daily", "mfa_policies", "mfa_exemptions", "mfa_reminders", "notice_emails", "email_enrolments",
	"recoveries", "recovery_tokens",
	"totp", "passkeys", "passkey_spent", "phones", "backup_code_sets", "backup_codes",
	"sessions", "handovers", "host_tokens", "attempts", "attempt_factors", "totp_enrolments", "phone_enrolments",
	"sent_codes", "rate_limits", "messages",
	"apps", "app_secrets", "app_uris", "app_groups", "signing_keys",
	"app_requests", "app_consents", "app_grants", "app_codes", "app_refresh_tokens",
}

// A Copy counts what was copied.
type Copy struct{ Accounts, Rows, Tables int }

// Errors of [CopyToPostgres].
var (
	ErrNotEmpty    = errors.New("the PostgreSQL database holds data already")
	ErrUnconfirmed = errors.New("the connection was lost during the commit, so it is unknown whether the data was copied")
)

// CopyToPostgres copies the SQLite database at path to an empty PostgreSQL
// database in one transaction: either all rows arrive, are counted and decrypt
// with the keys, or none. The file is only read, as of one moment. If it has an
// older version, a copy of it is migrated first. progress is called with the
// number of rows done and of all.
func CopyToPostgres(ctx context.Context, path, url string, keys auth.Keyring, progress func(done, all int)) (c Copy, err error) {
	if err := checkUnused(ctx, url); err != nil {
		return c, err
	}
	path, remove, err := currentSQLite(ctx, path, keys)
	if err != nil {
		return c, err
	}
	defer remove()
	from, err := engine.ReadSQLite(path)
	if err != nil {
		return c, err
	}
	defer from.Close()
	snapshot, err := from.BeginTx(ctx, nil)
	if err != nil {
		return c, err
	}
	defer func() { _ = snapshot.Rollback() }()
	to, err := OpenPostgres(ctx, url, keys)
	if err != nil {
		return c, err
	}
	job := copyJob{from: engine.On(snapshot), source: snapshot, seals: to.seals, progress: progress}
	if err := errors.Join(job.run(ctx, to.db.SQL()), to.Close()); err != nil {
		return c, to.db.Explain(err)
	}
	return Copy{Accounts: job.counts["users"], Rows: job.all, Tables: len(copiedTables)}, nil
}

// checkUnused refuses a database that has accounts, before it is migrated.
func checkUnused(ctx context.Context, url string) error {
	db, err := engine.ConnectPostgres(ctx, url, migrationsOf("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	var exists, used bool
	err = db.Find(ctx, engine.Row{&exists}, `SELECT to_regclass('users') IS NOT NULL`)
	if err == nil && exists {
		err = db.Find(ctx, engine.Row{&used}, `SELECT EXISTS (SELECT 1 FROM users)`)
	}
	if err == nil && used {
		return fmt.Errorf("%w, accounts among them", ErrNotEmpty)
	}
	return db.Explain(err)
}

// currentSQLite returns the path of a database with the content of path and this
// program's version. remove must be called after it was read.
func currentSQLite(ctx context.Context, path string, keys auth.Keyring) (current string, remove func(), err error) {
	found, err := InspectSQLite(ctx, path, keys)
	switch {
	case err != nil:
		return "", nil, err
	case found.Version > found.Newest:
		return "", nil, engine.NewerError(found.Version, found.Newest)
	case found.KeyringErr != nil:
		return "", nil, fmt.Errorf("the keys are not those of the data: %w", found.KeyringErr)
	case found.Version == found.Newest:
		return path, func() {}, nil
	}
	draft, err := vacuumToDraft(ctx, path, path)
	if err != nil {
		return "", nil, err
	}
	remove = func() { engine.RemoveDraft(draft) }
	if err := migrateDraft(ctx, draft, keys); err != nil {
		remove()
		return "", nil, err
	}
	return draft, remove, nil
}
