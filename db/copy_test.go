package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"twostep/auth"
	"twostep/db/internal/engine"
)

// allRows returns every row of every table, sorted.
func (db testDB) allRows(t *testing.T) (all []string) {
	t.Helper()
	for _, table := range copiedTables {
		columns := db.columns(t, table)
		row, dest := make([]any, len(columns)), engine.Row{}
		for i := range row {
			dest = append(dest, &row[i])
		}
		must(t, db.db.Each(t.Context(), dest, func() { all = append(all, fmt.Sprint(table, row)) },
			`SELECT "`+strings.Join(columns, `", "`)+`" FROM `+table))
	}
	slices.Sort(all)
	return all
}

// newCopySource returns an SQLite database with two accounts that have rows in
// every table, and with more rows than one batch.
func newCopySource(t *testing.T) testDB {
	t.Helper()
	db := openSQLite(t)
	must(t, db.CheckKeyring(t.Context()))
	db.addEverything(t, "ann", noon)
	db.addEverything(t, "bob", noon)
	db.exec(t, `
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= $1)
		INSERT INTO rate_limits (key, account, count, expires_at) SELECT 'k/' || i, i, i, i FROM n`, copyBatch)
	return db
}

func (db testDB) copyTo(t *testing.T, url string) (Copy, error) {
	t.Helper()
	return CopyToPostgres(t.Context(), db.path, url, db.keys, func(int, int) {})
}

// PK-24: the copy has every row, and its keys decrypt them.
func TestCopyToPostgres(t *testing.T) {
	db := newCopySource(t)
	want, before, reported := db.allRows(t), db.fileHashes(t), 0
	url := emptyDatabase(t)
	c, err := CopyToPostgres(t.Context(), db.path, url, db.keys, func(done, all int) {
		if reported = done; done > all || all != len(want) {
			t.Errorf("progress is %d of %d", done, all)
		}
	})
	if err != nil || c != (Copy{Accounts: 2, Rows: len(want), Tables: len(copiedTables)}) || reported != c.Rows {
		t.Fatalf("copied %+v, reported %d, %v", c, reported, err)
	}
	if after := db.fileHashes(t); after != before {
		t.Errorf("source files changed from\n%sto\n%s", before, after)
	}
	to := openPostgresURL(t, url, db.keys)
	if got := to.allRows(t); !slices.Equal(got, want) {
		t.Errorf("the %d copied rows differ from the source", len(got))
	}
	must(t, to.CheckKeyring(t.Context()))
	spent, err := to.SpendTOTPStep(t.Context(), "ann", 1, auth.ChangeSet{At: noon})
	wantTrue(t, spent, err)
	if key, err := to.FindPasskey(t.Context(), []byte("credential of passkey of ann")); err != nil || string(key.PublicKey) != "public key of passkey of ann" {
		t.Errorf("passkey is %+v, %v", key, err)
	}
	if _, err := db.copyTo(t, url); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("second copy: error is %v, want ErrNotEmpty", err)
	}
}

// A copy whose rows do not all arrive is undone.
func TestCopyToPostgres_LostRows(t *testing.T) {
	db := openSQLite(t)
	must(t, db.CheckKeyring(t.Context()))
	db.addEverything(t, "ann", noon)
	url := newDatabase(t, "migrated")
	must(t, startCluster(t).Exec(databaseName(t, url), `
		CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
		CREATE TRIGGER skip BEFORE INSERT ON backup_codes FOR EACH ROW EXECUTE FUNCTION skip()`))
	if c, err := db.copyTo(t, url); err == nil || !strings.Contains(err.Error(), "rows arrived") {
		t.Errorf("copied %+v, %v", c, err)
	}
	if n := openPostgresURL(t, url, db.keys).count(t, `SELECT count(*) FROM users`); n != 0 {
		t.Errorf("%d accounts are left", n)
	}
}

// A batch ends after its rows, and the last one with the query.
func TestRowSource_Batches(t *testing.T) {
	rows, err := openSQLite(t).db.SQL().QueryContext(t.Context(), `VALUES (1), (2), (3)`)
	must(t, err)
	defer rows.Close()
	source, batches := newRowSource(rows, 1), []int{}
	for range 3 {
		n := 0
		for source.left = 2; source.Next(); n++ {
		}
		batches = append(batches, n)
		if source.ended {
			break
		}
	}
	if !slices.Equal(batches, []int{2, 1}) {
		t.Errorf("batches have %v rows", batches)
	}
}

// fileHashes returns the size and hash of each file of an SQLite database.
func (db testDB) fileHashes(t *testing.T) (all string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-journal"} { // readers may change -shm
		content, err := os.ReadFile(db.path + suffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		all += fmt.Sprintf("%q %d %x\n", suffix, len(content), auth.Token(content).Hash())
	}
	return all
}

// Bytes that PostgreSQL refuses as text are replaced, as the server does.
func TestCopyToPostgres_InvalidUTF8(t *testing.T) {
	db := openSQLite(t)
	db.addAnn(t)
	db.exec(t, `UPDATE sessions SET user_agent = CAST(x'61ff00' AS TEXT)`)
	url := emptyDatabase(t)
	_, err := db.copyTo(t, url)
	must(t, err)
	s, err := openPostgresURL(t, url, db.keys).FindSession(t.Context(), "token of s1")
	if err != nil || s.UserAgent != "a\uFFFD\uFFFD" {
		t.Errorf("user agent is %q, %v", s.UserAgent, err)
	}
}

// A file of an older version is copied in the newest version and not changed.
func TestCopyToPostgres_OlderVersion(t *testing.T) {
	db := openSQLite(t)
	db.addEverything(t, "ann", noon)
	must(t, db.CheckKeyring(t.Context()))
	before, url := db.fileHashes(t), newDatabase(t, "template0")
	withMigration(t, `ALTER TABLE phones ADD COLUMN label TEXT; UPDATE phones SET label = 'home'`)
	if c, err := db.copyTo(t, url); err != nil || c.Accounts != 1 {
		t.Fatalf("copied %+v, %v", c, err)
	}
	to := openPostgresURL(t, url, db.keys)
	if got, err := to.FindUser(t.Context(), "ann"); err != nil || got != user("ann") {
		t.Errorf("account is %+v, %v", got, err)
	}
	if n := to.count(t, `SELECT count(*) FROM phones WHERE label = 'home'`); n != 1 {
		t.Errorf("%d phones have a label", n)
	}
	if after := db.fileHashes(t); after != before {
		t.Errorf("source files changed from\n%sto\n%s", before, after)
	}
	if drafts, err := filepath.Glob(filepath.Join(filepath.Dir(db.path), ".*")); err != nil || len(drafts) > 0 {
		t.Errorf("drafts left behind: %v, error %v", drafts, err)
	}
}

// A copy interrupted by the caller or the server leaves the target empty, and the
// next copy succeeds.
func TestCopyToPostgres_Interrupted(t *testing.T) {
	db := newCopySource(t)
	url := emptyDatabase(t)
	ctx, stop := context.WithCancel(t.Context())
	for name, c := range map[string]struct {
		ctx  context.Context
		stop func()
	}{
		"canceled":        {ctx, stop},
		"connection lost": {t.Context(), func() { disconnect(t, url) }},
	} {
		_, err := CopyToPostgres(c.ctx, db.path, url, db.keys, func(done, all int) {
			if done > copyBatch {
				c.stop()
			}
		})
		if err == nil || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("%s: error is %v", name, err)
		}
		if left := openPostgresURL(t, url, db.keys).allRows(t); len(left) != 0 {
			t.Errorf("%s: %d rows left in the target", name, len(left))
		}
	}
	_, err := db.copyTo(t, url)
	must(t, err)
	if got := openPostgresURL(t, url, db.keys).allRows(t); !slices.Equal(got, db.allRows(t)) {
		t.Errorf("next copy: the %d copied rows differ from the source", len(got))
	}
}

// Of two concurrent copies to one database, one is refused and leaves no row.
func TestCopyToPostgres_OnceOnly(t *testing.T) {
	first, second := openSQLite(t), openSQLite(t)
	first.addEverything(t, "ann", noon)
	second.addEverything(t, "bob", noon)
	url := emptyDatabase(t)
	var errs [2]error
	var both sync.WaitGroup
	for i, db := range []testDB{first, second} {
		both.Go(func() { _, errs[i] = db.copyTo(t, url) })
	}
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs[:]...), ErrNotEmpty) {
		t.Fatalf("errors are %v", errs)
	}
	winner := first
	if errs[0] != nil {
		winner = second
	}
	if got := openPostgresURL(t, url, winner.keys).allRows(t); !slices.Equal(got, winner.allRows(t)) {
		t.Errorf("the %d copied rows differ from the source", len(got))
	}
}

// A copy that is refused does not change the target.
func TestCopyToPostgres_Errors(t *testing.T) {
	source := openSQLite(t)
	source.sealAll(t)
	newer := openSQLite(t)
	newer.exec(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	otherKeys := source
	otherKeys.keys = auth.NewKeyring()
	missing := source
	missing.path = filepath.Join(t.TempDir(), "missing")
	used, initialized, unused := openPostgres(t), openPostgres(t), openPostgres(t)
	used.addAnn(t)
	must(t, initialized.CheckKeyring(t.Context()))
	for name, c := range map[string]struct {
		from, to testDB
		want     string
	}{
		"accounts":   {source, used, "holds data already, accounts among them"},
		"keyring":    {source, initialized, "holds data already, in the table keyring"},
		"newer":      {newer, unused, "9999"},
		"other keys": {otherKeys, unused, "not those of the data"},
		"missing":    {missing, unused, "no such file"},
	} {
		before := c.to.allRows(t)
		if _, err := c.from.copyTo(t, c.to.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q", name, err, c.want)
		}
		if !slices.Equal(c.to.allRows(t), before) {
			t.Errorf("%s: the target was changed", name)
		}
	}
}

// columns lists the columns of a table in alphabetical order.
func (db testDB) columns(t *testing.T, table string) (columns []string) {
	t.Helper()
	query := `SELECT name FROM pragma_table_info($1) ORDER BY name`
	if db.kind == "postgres" {
		query = `
		SELECT column_name::text
		FROM information_schema.columns
		WHERE table_name = $1
		ORDER BY column_name COLLATE "C"`
	}
	var name string
	must(t, db.db.Each(t.Context(), engine.Row{&name}, func() { columns = append(columns, name) }, query, table))
	return columns
}

// Every table is copied, after the tables that it references, and has the same
// columns in both databases.
func TestCopiedTables_Complete(t *testing.T) {
	from, to := openSQLite(t), openPostgres(t)
	listed := slices.Sorted(slices.Values(copiedTables))
	for _, db := range []testDB{from, to} {
		if names := slices.Sorted(slices.Values(db.tableNames(t))); !slices.Equal(names, listed) {
			t.Errorf("tables of %s are %v, but copied are %v", db.kind, names, listed)
		}
	}
	for i, table := range copiedTables {
		if source, target := from.columns(t, table), to.columns(t, table); !slices.Equal(source, target) {
			t.Errorf("columns of %s are %v in SQLite and %v in PostgreSQL", table, source, target)
		}
		var parent string
		must(t, from.db.Each(t.Context(), engine.Row{&parent}, func() {
			if !slices.Contains(copiedTables[:i], parent) {
				t.Errorf("%s is copied before %s, which it references", table, parent)
			}
		}, `SELECT "table" FROM pragma_foreign_key_list($1)`, table))
	}
}
