package db

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"twostep/auth"
)

func TestOpenPostgres_KeepsData(t *testing.T) {
	db := openPostgres(t)
	db.addAnn(t)
	must(t, db.Close())
	db.Store = db.reopen(t)
	key, err := db.FindTOTP(t.Context(), "ann")
	must(t, err)
	if string(key.Secret) != "a key of twenty byte" || key.LastStep != 100 || !key.AddedAt.Equal(noon) {
		t.Errorf("TOTP key is %+v", key)
	}
}

// Nodes can start at the same time on an empty database.
func TestOpenPostgres_Concurrent(t *testing.T) {
	db := testDB{path: newDatabase(t, "template0"), keys: auth.NewKeyring()}
	var nodes sync.WaitGroup
	for range 8 {
		nodes.Go(func() {
			s, err := OpenPostgres(t.Context(), db.path, db.keys)
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(s.Ping(t.Context()), s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
}

func TestOpenPostgres_NewerVersionRefused(t *testing.T) {
	db := openPostgres(t)
	defer db.exec(t, `DELETE FROM schema_migrations WHERE version = 9999`)
	db.exec(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	s, err := db.open(t.Context())
	if err == nil {
		must(t, s.Close())
		t.Fatal("a database of a newer version was opened")
	}
	if !strings.Contains(err.Error(), "version 9999") {
		t.Errorf("error does not name the version: %v", err)
	}
}

// An error says in one sentence why a database cannot be opened, without the
// password.
func TestOpenPostgres_Errors(t *testing.T) {
	c := startCluster(t)
	must(t, c.Exec("postgres", `CREATE ROLE guarded LOGIN PASSWORD 'right'`))
	rules := filepath.Join(c.Data(), "pg_hba.conf")
	before, err := os.ReadFile(rules)
	must(t, err)
	must(t, os.WriteFile(rules, append([]byte("local all guarded scram-sha-256\n"), before...), 0o600))
	must(t, c.Exec("postgres", `SELECT pg_reload_conf()`))
	must(t, c.Exec("postgres", `CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C' LOCALE_PROVIDER libc`))
	t.Cleanup(func() {
		must(t, c.Exec("postgres", `DROP DATABASE latin`))
		must(t, c.Exec("postgres", `DROP ROLE guarded`))
		must(t, os.WriteFile(rules, before, 0o600))
	})

	host := "?host=" + url.QueryEscape(c.Folder())
	for databaseURL, want := range map[string]string{
		"mysql://twostep:hush@/x":                               "must be like",
		"user=twostep password=hush host=/no/such/folder":       "must be like",
		"postgres://twostep:hu/sh@127.0.0.1/x":                  "written as",
		"postgres://twostep:hush@127.0.0.1/x?sslmode=maybe":     "sslmode",
		"postgres://twostep:hush@127.0.0.1/x?sslrootcert=/none": "/none",
		"postgres://twostep:hush@127.0.0.1:1/x":                 "no PostgreSQL server answers at 127.0.0.1, port 1: connection refused",
		"postgres://twostep:hush@/x?host=/no/such/folder":       "no PostgreSQL server answers at /no/such/folder",
		"postgres://guarded:hush@/postgres" + host:              "password authentication failed",
		"postgres://twostep:hush@/missing" + host:               `"missing" does not exist`,
		"postgres://twostep:hush@/latin" + host:                 "LATIN1 and must be UTF8",
	} {
		s, err := OpenPostgres(t.Context(), databaseURL, auth.NewKeyring())
		if err == nil {
			must(t, s.Close())
			t.Errorf("%s: opened", databaseURL)
			continue
		}
		message := err.Error()
		if !strings.Contains(message, want) || strings.Contains(message, "hu") || strings.ContainsAny(message, "\n\t") {
			t.Errorf("%s: error is %q, want %q", databaseURL, message, want)
		}
	}
	if _, err := OpenPostgres(t.Context(), c.URL("postgres"), auth.Keyring{}); err == nil {
		t.Error("opened without keys")
	}
	must(t, CheckPostgresURL("postgresql://twostep@db1,db2:6432/twostep?sslmode=verify-full&target_session_attrs=read-write"))
}

// A transaction that loses its connection fails, is rolled back and is not retried.
// The next one succeeds.
func TestWrite_ConnectionLost(t *testing.T) {
	db := openPostgres(t)
	db.addAnn(t)
	runs := 0
	done, err := db.write(t.Context(), "lose the connection", "", func(tx *tx) (bool, error) {
		runs++
		_, err := tx.Exec(t.Context(), `DELETE FROM users WHERE id = $1`, "ann")
		must(t, err)
		_, err = tx.Exec(t.Context(), `SELECT pg_terminate_backend(pg_backend_pid())`)
		return true, err
	})
	if done || err == nil || runs != 1 {
		t.Errorf("done %v, error %v, %d times", done, err, runs)
	}
	spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, auth.ChangeSet{At: noon})
	wantTrue(t, spent, err)
}

// After the server closes all connections, each fails one call at most, and the
// pool replaces it.
func TestStore_Reconnects(t *testing.T) {
	db := openPostgres(t)
	db.addAnn(t)
	db.race(t, func(ctx context.Context, s *Store, _ int) (bool, error) { // opens many connections
		_, err := s.FindUser(ctx, "ann")
		return true, err
	})
	disconnect(t, db.path)
	failed := 0
	for step := range int64(100) {
		if _, err := db.SpendTOTPStep(t.Context(), "ann", 101+step, auth.ChangeSet{At: noon}); err != nil {
			failed++
		}
	}
	if open := db.db.SQL().Stats().MaxOpenConnections; failed > open {
		t.Errorf("%d calls failed, more than the %d connections", failed, open)
	}
	spent, err := db.SpendTOTPStep(t.Context(), "ann", 500, auth.ChangeSet{At: noon})
	wantTrue(t, spent, err)
}

// Of two transactions that wait for each other, the server rolls one back, and it
// is retried.
func TestWrite_Deadlock(t *testing.T) {
	db := openPostgres(t)
	db.addEverything(t, "ann", noon)
	db.addEverything(t, "bob", noon)
	var met, writers sync.WaitGroup
	met.Add(2)
	for _, order := range [][]string{{"ann", "bob"}, {"bob", "ann"}} {
		meet := sync.OnceFunc(func() { met.Done(); met.Wait() })
		writers.Go(func() {
			done, err := db.write(t.Context(), "cross", "", func(tx *tx) (bool, error) {
				for _, user := range order {
					if _, err := tx.Exec(t.Context(), `UPDATE users SET must_change = must_change + 0, email = email || '!' WHERE id = $1`, user); err != nil {
						return false, err
					}
					meet()
				}
				return true, nil
			})
			if err != nil || !done {
				t.Errorf("done %v, %v", done, err)
			}
		})
	}
	writers.Wait()
	for _, id := range []auth.UserID{"ann", "bob"} {
		if u, err := db.FindUser(t.Context(), id); err != nil || !strings.HasSuffix(u.Email.Typed, ".org!!") {
			t.Errorf("%+v, %v", u, err)
		}
	}
}

// Bytes that PostgreSQL refuses as text can be part of a URL or a form. They match
// no row, and this is not an error.
func TestStore_InvalidText(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for _, text := range []string{"s1\x00", "\xff\xfe", "s1\x00\xff"} {
			_, err := db.FindSession(t.Context(), text)
			wantNotFound(t, err)
			removed, err := db.RemoveSessionOf(t.Context(), "ann", auth.SessionID(text), auth.ChangeSet{At: noon})
			wantFalse(t, removed, err)
			_, err = db.FindActivity(t.Context(), "ann", text, 1)
			must(t, err)
		}
		limiter := auth.Window{Max: 1, Per: time.Hour}
		for _, want := range []int{-1, 0} { // the second one is refused
			refused, _, err := db.Allow(t.Context(), noon, []auth.RateLimit{{Key: "a\x00", Limiter: limiter}})
			must(t, err)
			if refused != want {
				t.Errorf("refused by %d, want %d", refused, want)
			}
		}
		refused, _, err := db.Allow(t.Context(), noon, []auth.RateLimit{{Key: "b\x00", Limiter: limiter}, {Key: "b\xff", Limiter: limiter}})
		must(t, err)
		if refused != 1 {
			t.Errorf("refused by %d, want 1: both keys are stored as one", refused)
		}
		db.apply(t, "ann", auth.SettleCounts{Reset: []string{"a\xff"}})
		if n := db.count(t, `SELECT count(*) FROM rate_limits`); n != 0 {
			t.Errorf("%d counts left, want 0", n)
		}
	})
}

// A transaction leaves nothing in its session except prepared statements, each
// prepared once.
func TestStore_NoSessionState(t *testing.T) {
	db := openPostgres(t)
	db.runAllQueries(t)
	kept := 0
	for db.db.SQL().Stats().InUse < db.db.SQL().Stats().OpenConnections { // take each once
		conn, err := db.db.SQL().Conn(t.Context())
		must(t, err)
		defer conn.Close()
		statements, texts := db.sessionState(t, conn)
		if statements != texts {
			t.Errorf("%d prepared statements for %d queries", statements, texts)
		}
		kept += texts
	}
	if kept == 0 {
		t.Error("no statement is prepared")
	}
}

// sessionState returns the number of prepared statements in a session and of their
// texts. It fails if a transaction has left locks or settings there.
func (db testDB) sessionState(t *testing.T, session interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) (statements, texts int) {
	t.Helper()
	var others int
	must(t, session.QueryRowContext(t.Context(), `
		SELECT
			(SELECT count(*) FROM pg_prepared_statements),
			(SELECT count(DISTINCT statement) FROM pg_prepared_statements),
			(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')
				+ (SELECT count(*) FROM pg_settings WHERE source = 'session' AND name <> 'application_name') -- which pgbouncer sets`).Scan(&statements, &texts, &others))
	if others != 0 {
		t.Errorf("%d locks or settings left behind", others)
	}
	return statements, texts
}

// Every query uses an index on PostgreSQL too. The queries are the same as on
// SQLite. Sequential scans are disabled, because PostgreSQL prefers them for small
// tables even if there is an index. Hashing a subquery reads all rows that it could find for any
// row, so there must be a LIMIT, or few, such as admins or the groups of an account.
func TestQueries_UseIndexesPostgres(t *testing.T) {
	db, s := openPostgres(t), openSQLite(t)
	recorded := s.recordQueries()
	s.runAllQueries(t)
	conn := db.planner(t)
	queries := recorded()
	for _, query := range queries {
		plan := postgresPlan(t, conn, query)
		hashed := strings.Contains(plan, "hashed SubPlan") && !strings.Contains(query, "LIMIT") && !strings.Contains(query, requestedByAdmin) && !strings.Contains(query, "FROM account_groups WHERE user_id = users.id")
		if strings.Contains(plan, "Seq Scan") || hashed {
			t.Errorf("%s\n%s", query, plan)
		}
	}
	if len(queries) < 85 {
		t.Errorf("only %d queries were recorded", len(queries))
	}
}

// PostgreSQL reads a set of few accounts before it reads these accounts. If it joined them, it
// could read all accounts in the order of the list.
func TestFindPeople_SetFirst(t *testing.T) {
	db := openPostgres(t)
	recorded := db.recordQueries()
	_, err := db.findPeople(t.Context(), auth.PeopleQuery{MFAPolicy: true}, 2, 1)
	must(t, err)
	conn := db.planner(t)
	for _, query := range recorded() {
		if plan := postgresPlan(t, conn, query); strings.Contains(plan, "Semi Join") {
			t.Errorf("%s\n%s", query, plan)
		}
	}
}

// planner returns a connection for [postgresPlan].
func (db testDB) planner(t *testing.T) *sql.Conn {
	t.Helper()
	conn, err := db.db.SQL().Conn(t.Context())
	must(t, err)
	t.Cleanup(func() { must(t, conn.Close()) })
	for _, setting := range []string{`SET enable_seqscan = off`, `SET plan_cache_mode = force_generic_plan`} {
		_, err := conn.ExecContext(t.Context(), setting)
		must(t, err)
	}
	return conn
}

func postgresPlan(t *testing.T, conn *sql.Conn, query string) string {
	t.Helper()
	_, err := conn.ExecContext(t.Context(), `PREPARE q AS `+query)
	must(t, err)
	var arguments int
	must(t, conn.QueryRowContext(t.Context(), `SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'q'`).Scan(&arguments))
	execute := `EXPLAIN EXECUTE q`
	if arguments > 0 {
		execute += `(NULL` + strings.Repeat(`, NULL`, arguments-1) + `)`
	}
	rows, err := conn.QueryContext(t.Context(), execute)
	must(t, err)
	var lines []string
	for rows.Next() {
		var line string
		must(t, rows.Scan(&line))
		lines = append(lines, line)
	}
	must(t, rows.Err())
	_, err = conn.ExecContext(t.Context(), `DEALLOCATE q`)
	must(t, err)
	return strings.Join(lines, "\n")
}
