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
	b := openPostgres(t)
	b.ann(t)
	must(t, b.Close())
	b.Store = b.again(t)
	key, err := b.FindTOTP(t.Context(), "ann")
	must(t, err)
	if string(key.Secret) != "a key of twenty byte" || key.LastStep != 100 || !key.AddedAt.Equal(noon) {
		t.Errorf("the app came back as %+v", key)
	}
}

// Nodes that start at the same time on an empty database all come up.
func TestOpenPostgres_ManyAtOnce(t *testing.T) {
	b := base{path: database(t, "template0"), keys: auth.NewKeyring()}
	var nodes sync.WaitGroup
	for range 8 {
		nodes.Go(func() {
			s, err := OpenPostgres(t.Context(), b.path, b.keys)
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
	b := openPostgres(t)
	defer b.change(t, `DELETE FROM schema_migrations WHERE version = 9999`)
	b.change(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	s, err := b.open(t.Context())
	if err == nil {
		must(t, s.Close())
		t.Fatal("a database of a newer version was opened")
	}
	if !strings.Contains(err.Error(), "version 9999") {
		t.Errorf("the error does not name the version: %v", err)
	}
}

// What cannot be opened is told in one sentence, without the password.
func TestOpenPostgres_Refused(t *testing.T) {
	c := running(t)
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

	here := "?host=" + url.QueryEscape(c.Folder())
	for address, want := range map[string]string{
		"mysql://twostep:hush@/x":                               "must be like",
		"postgres://twostep:hu/sh@127.0.0.1/x":                  "written as",
		"postgres://twostep:hush@127.0.0.1/x?sslmode=maybe":     "sslmode",
		"postgres://twostep:hush@127.0.0.1/x?sslrootcert=/none": "/none",
		"postgres://twostep:hush@127.0.0.1:1/x":                 "no PostgreSQL server answers at 127.0.0.1, port 1: connection refused",
		"postgres://twostep:hush@/x?host=/no/such/folder":       "no PostgreSQL server answers at /no/such/folder",
		"postgres://guarded:hush@/postgres" + here:              "password authentication failed",
		"postgres://twostep:hush@/missing" + here:               `"missing" does not exist`,
		"postgres://twostep:hush@/latin" + here:                 "LATIN1 and must be UTF8",
	} {
		s, err := OpenPostgres(t.Context(), address, auth.NewKeyring())
		if err == nil {
			must(t, s.Close())
			t.Errorf("%s: opened", address)
			continue
		}
		said := err.Error()
		if !strings.Contains(said, want) || strings.Contains(said, "hu") || strings.ContainsAny(said, "\n\t") {
			t.Errorf("%s: %q", address, said)
		}
	}
	if _, err := OpenPostgres(t.Context(), c.URL("postgres"), auth.Keyring{}); err == nil {
		t.Error("opened without keys")
	}
	must(t, CheckPostgresURL("postgresql://twostep@db1,db2:6432/twostep?sslmode=verify-full&target_session_attrs=read-write"))
}

// When the server ends its connections, what is under way fails, is not tried
// anew, and leaves nothing; what comes next works.
func TestWrite_ConnectionLost(t *testing.T) {
	b := openPostgres(t)
	b.ann(t)
	times := 0
	done, err := b.write(t.Context(), "lose the connection", "", func(tx *tx) (bool, error) {
		times++
		_, err := tx.Exec(t.Context(), `DELETE FROM users WHERE id = $1`, "ann")
		must(t, err)
		_, err = tx.Exec(t.Context(), `SELECT pg_terminate_backend(pg_backend_pid())`)
		return true, err
	})
	if done || err == nil || times != 1 {
		t.Errorf("done %v, error %v, %d times", done, err, times)
	}
	spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, auth.ChangeSet{At: noon})
	wantTrue(t, spent, err)
}

// After a server was gone for a moment every idle connection is dead. Each may
// fail one call at most, and the pool heals without anybody's help.
func TestStore_ServerCameBack(t *testing.T) {
	b := openPostgres(t)
	b.ann(t)
	b.race(t, func(ctx context.Context, s *Store, _ int) (bool, error) { // to have many of them
		_, err := s.FindUser(ctx, "ann")
		return true, err
	})
	must(t, running(t).Exec("postgres", `
		SELECT pg_terminate_backend(pid)
		FROM pg_stat_activity
		WHERE datname = '`+databaseName(t, b.path)+`'`))
	failed := 0
	for step := range int64(100) {
		if _, err := b.SpendTOTPStep(t.Context(), "ann", 101+step, auth.ChangeSet{At: noon}); err != nil {
			failed++
		}
	}
	if open := b.db.SQL().Stats().MaxOpenConnections; failed > open {
		t.Errorf("%d calls failed, more than the %d connections there were", failed, open)
	}
	spent, err := b.SpendTOTPStep(t.Context(), "ann", 500, auth.ChangeSet{At: noon})
	wantTrue(t, spent, err)
}

// Two transactions that wait for each other: the server undoes one, and it is
// tried anew.
func TestWrite_Deadlock(t *testing.T) {
	b := openPostgres(t)
	b.everything(t, "ann", noon)
	b.everything(t, "bob", noon)
	var met, writers sync.WaitGroup
	met.Add(2)
	for _, order := range [][]string{{"ann", "bob"}, {"bob", "ann"}} {
		meet := sync.OnceFunc(func() { met.Done(); met.Wait() })
		writers.Go(func() {
			done, err := b.write(t.Context(), "cross", "", func(tx *tx) (bool, error) {
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
	for _, who := range []auth.UserID{"ann", "bob"} {
		if u, err := b.FindUser(t.Context(), who); err != nil || !strings.HasSuffix(u.Email.Typed, ".org!!") {
			t.Errorf("%+v, %v", u, err)
		}
	}
}

// Bytes that PostgreSQL does not take as text come with addresses and forms.
// They name nothing, which is no fault.
func TestPlain_OddText(t *testing.T) {
	eachStore(t, func(t *testing.T, b base) {
		b.ann(t)
		for _, odd := range []string{"s1\x00", "\xff\xfe", "s1\x00\xff"} {
			_, err := b.FindSession(t.Context(), odd)
			wantNotFound(t, err)
			removed, err := b.RemoveSessionOf(t.Context(), "ann", auth.SessionID(odd), auth.ChangeSet{At: noon})
			wantFalse(t, removed, err)
			_, err = b.FindActivity(t.Context(), "ann", odd, 1)
			must(t, err)
		}
		once := auth.Window{Max: 1, Per: time.Hour}
		for _, want := range []int{-1, 0} { // the two are one count
			refused, _, err := b.Allow(t.Context(), noon, []auth.RateLimit{{Key: "a\x00", Limiter: once}})
			must(t, err)
			if refused != want {
				t.Errorf("refused by %d, not %d", refused, want)
			}
		}
		refused, _, err := b.Allow(t.Context(), noon, []auth.RateLimit{{Key: "b\x00", Limiter: once}, {Key: "b\xff", Limiter: once}})
		must(t, err)
		if refused != 1 {
			t.Errorf("refused by %d, not by the other name of one count", refused)
		}
		b.give(t, "ann", auth.SettleCounts{Reset: []string{"a\xff"}})
		if n := b.count(t, `SELECT count(*) FROM rate_limits`); n != 0 {
			t.Errorf("%d counts are left", n)
		}
	})
}

// Nothing of one transaction is left to the next user of a connection but
// prepared statements, of which none is prepared twice.
func TestStore_LeavesNothingBehind(t *testing.T) {
	b := openPostgres(t)
	b.walk(t)
	kept := 0
	for b.db.SQL().Stats().InUse < b.db.SQL().Stats().OpenConnections { // each in its turn
		conn, err := b.db.SQL().Conn(t.Context())
		must(t, err)
		defer conn.Close()
		statements, texts := b.left(t, conn)
		if statements != texts {
			t.Errorf("%d statements are kept of %d queries", statements, texts)
		}
		kept += texts
	}
	if kept == 0 {
		t.Error("no statement was kept")
	}
}

// left fails where more than statements is left in a session, and answers how
// many of those there are, of how many texts.
func (b base) left(t *testing.T, session interface {
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
		t.Errorf("%d locks or settings are left behind", others)
	}
	return statements, texts
}

// Every query finds its rows by an index here, too. The queries are those of
// SQLite, word for word; that nothing but an index is left to be wished for
// shows whether there is one, for a small table is read whole otherwise.
func TestQueries_UseIndexesOfPostgres(t *testing.T) {
	b, s := openPostgres(t), open(t)
	queries := s.noted()
	s.walk(t)
	conn, err := b.db.SQL().Conn(t.Context())
	must(t, err)
	defer conn.Close()
	for _, setting := range []string{`SET enable_seqscan = off`, `SET plan_cache_mode = force_generic_plan`} {
		_, err := conn.ExecContext(t.Context(), setting)
		must(t, err)
	}
	looked := queries()
	for _, query := range looked {
		if plan := planOfPostgres(t, conn, query); strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s\n%s", query, plan)
		}
	}
	if len(looked) < 85 {
		t.Errorf("only %d queries were looked at", len(looked))
	}
}

func planOfPostgres(t *testing.T, conn *sql.Conn, query string) string {
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
