package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"twostep/auth"
	"twostep/db/internal/engine"
	"twostep/db/internal/seal"
)

// AddAccounts adds accounts to a database in one transaction, in a tenth of the time that
// [auth.Store] takes to apply the same changes. database is the path of an SQLite file or
// the URL of a PostgreSQL database, which the program must have migrated.
func AddAccounts(ctx context.Context, database string, keys auth.Keyring, accounts []auth.ChangeSet) error {
	s := seal.Sealer{Keys: keys}
	users := bulk{table: "users", columns: "id, email, email_key, password_hash, created_at, updated_at, seen_at, passkey_handle"}
	sessions := bulk{
		table: "sessions", columns: "id, token_hash, user_id, created_at, started_at, seen_at, password_at, first_kind, mfa_at, second_kind, ip, user_agent, next, first_syncable, second_syncable",
	}
	devices := bulk{table: "known_devices", columns: "user_id, token_hash, id, seen_at, user_agent"}
	apps := bulk{table: "totp", columns: "user_id, secret, last_step, added_at"}
	events := bulk{
		table: "audit_events", columns: "id, user_id, occurred_at, type, factor, ip, user_agent, phone, email, name, backup_codes_left, actor, reason",
	}
	for _, set := range accounts {
		for _, c := range set.Changes {
			switch c := c.(type) {
			case auth.AddUser:
				hash, err := s.Seal(seal.Place{Table: "users", Column: "password_hash", Owner: string(c.ID)}, []byte(c.PasswordHash))
				if err != nil {
					return err
				}
				users.add(string(c.ID), c.Email.Typed, c.Email.Key, hash, engine.Millis(c.CreatedAt), engine.Millis(c.CreatedAt), engine.Millis(set.At), c.PasskeyHandle)
			case auth.BeginSession:
				sessions.add(string(c.ID), c.TokenHash, string(set.User), engine.Millis(c.CreatedAt), engine.Millis(c.StartedAt), engine.Millis(c.SeenAt),
					engine.Millis(c.PasswordAt), string(c.FirstKind), engine.Millis(c.MFAAt), string(c.SecondKind), c.IP, c.UserAgent, "", 0, 0)
			case auth.PutKnownDevice:
				devices.add(string(set.User), c.TokenHash, c.ID, engine.Millis(c.SeenAt), c.UserAgent)
			case auth.PutTOTP:
				secret, err := s.Seal(seal.Place{Table: "totp", Column: "secret", Owner: string(set.User)}, c.Secret)
				if err != nil {
					return err
				}
				apps.add(string(set.User), secret, c.LastStep, engine.Millis(c.AddedAt))
			case auth.RecordEvent:
				events.add(c.ID, string(set.User), engine.Millis(c.At), string(c.Type), string(c.Factor), c.IP, c.UserAgent, c.Phone, c.Email, c.Name, c.BackupCodesLeft, c.Actor, c.Reason)
			default:
				return fmt.Errorf("cannot add %T", c)
			}
		}
	}
	db, err := connect(database)
	if err != nil {
		return err
	}
	return errors.Join(insertAll(ctx, db, users, sessions, devices, apps, events), db.Close())
}

func connect(database string) (*sql.DB, error) {
	if strings.HasPrefix(database, "postgres://") {
		return sql.Open("pgx", database)
	}
	file := url.URL{Path: filepath.ToSlash(database)}
	return sql.Open("sqlite", "file:"+file.EscapedPath()+"?_txlock=immediate&_pragma=busy_timeout(60000)")
}

func insertAll(ctx context.Context, db *sql.DB, tables ...bulk) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, b := range tables {
		if err := b.insert(ctx, tx); err != nil {
			return fmt.Errorf("%s: %w", b.table, err)
		}
	}
	return tx.Commit()
}

// A bulk is rows for one table.
type bulk struct {
	table, columns string
	width          int // number of columns
	values         []any
}

func (b *bulk) add(row ...any) {
	b.width = len(row)
	b.values = append(b.values, row...)
}

// bulkRows is the number of rows per INSERT.
const bulkRows = 100

func (b *bulk) insert(ctx context.Context, tx *sql.Tx) error {
	for batch := range slices.Chunk(b.values, bulkRows*max(1, b.width)) {
		query := "INSERT INTO " + b.table + " (" + b.columns + ") VALUES " + engine.Placeholders(len(batch)/b.width, b.width)
		if _, err := tx.ExecContext(ctx, query, batch...); err != nil {
			return err
		}
	}
	return nil
}
