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

// content is every row of every table.
func (b base) content(t *testing.T) (all []string) {
	t.Helper()
	for _, table := range copiedTables {
		columns := b.columns(t, table)
		row, places := make([]any, len(columns)), engine.Row{}
		for i := range row {
			places = append(places, &row[i])
		}
		must(t, b.db.Each(t.Context(), places, func() { all = append(all, fmt.Sprint(table, row)) },
			`SELECT "`+strings.Join(columns, `", "`)+`" FROM `+table))
	}
	slices.Sort(all)
	return all
}

// filled is a database of SQLite with two accounts that have everything, more
// rows than go at once, and what only a stranger's browser says of itself.
func filled(t *testing.T) base {
	t.Helper()
	b := open(t)
	must(t, b.CheckKeyring(t.Context()))
	b.everything(t, "ann", noon)
	b.everything(t, "bob", noon)
	b.change(t, `
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= $1)
		INSERT INTO rate_limits (key, account, count) SELECT 'k/' || i, i, i FROM n`, copyBatch)
	return b
}

func (b base) copyTo(t *testing.T, address string) (Copy, error) {
	t.Helper()
	return CopyToPostgres(t.Context(), b.path, address, b.keys, func(int, int) {})
}

// opens is a database that a copy has filled.
func opens(t *testing.T, address string, keys auth.Keyring) base {
	t.Helper()
	b := base{kind: "postgres", path: address, keys: keys}
	b.open = func(ctx context.Context) (*Store, error) { return OpenPostgres(ctx, address, keys) }
	b.Store = b.again(t)
	return b
}

func TestCopyToPostgres(t *testing.T) {
	b := filled(t)
	want, before, told := b.content(t), b.files(t), 0
	address := emptied(t)
	c, err := CopyToPostgres(t.Context(), b.path, address, b.keys, func(done, all int) {
		if told = done; done > all || all != len(want) {
			t.Errorf("told %d of %d", done, all)
		}
	})
	if err != nil || c != (Copy{Accounts: 2, Rows: len(want), Tables: len(copiedTables)}) || told != c.Rows {
		t.Fatalf("copied %+v, told %d, %v", c, told, err)
	}
	if after := b.files(t); after != before {
		t.Errorf("the source was\n%sand is\n%s", before, after)
	}
	to := opens(t, address, b.keys)
	if got := to.content(t); !slices.Equal(got, want) {
		t.Errorf("%d rows are there, some of them others", len(got))
	}
	must(t, to.CheckKeyring(t.Context()))
	spent, err := to.SpendTOTPStep(t.Context(), "ann", 1, auth.ChangeSet{At: noon})
	wantTrue(t, spent, err)
	if _, err := b.copyTo(t, address); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("copied over data: %v", err)
	}
}

// files is what each file of a database of SQLite holds.
func (b base) files(t *testing.T) (all string) {
	t.Helper()
	for _, end := range []string{"", "-wal", "-journal"} { // -shm is the readers' own
		content, err := os.ReadFile(b.path + end)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		all += fmt.Sprintf("%q %d %x\n", end, len(content), auth.Token(content).Hash())
	}
	return all
}

// Bytes that PostgreSQL does not take as text become what a server there would
// have written.
func TestCopyToPostgres_OddText(t *testing.T) {
	b := open(t)
	b.ann(t)
	b.change(t, `UPDATE sessions SET user_agent = CAST(x'61ff00' AS TEXT)`)
	address := emptied(t)
	_, err := b.copyTo(t, address)
	must(t, err)
	s, err := opens(t, address, b.keys).FindSession(t.Context(), "handle of s1")
	if err != nil || s.UserAgent != "a\uFFFD\uFFFD" {
		t.Errorf("the browser is %q, %v", s.UserAgent, err)
	}
}

// A file of an older version is copied in today's, and the file stays as it is.
func TestCopyToPostgres_OlderVersion(t *testing.T) {
	b := open(t)
	b.everything(t, "ann", noon)
	must(t, b.CheckKeyring(t.Context()))
	before, address := b.files(t), database(t, "template0")
	withMigration(t, `ALTER TABLE phones ADD COLUMN label TEXT; UPDATE phones SET label = 'home'`)
	if c, err := b.copyTo(t, address); err != nil || c.Accounts != 1 {
		t.Fatalf("copied %+v, %v", c, err)
	}
	to := opens(t, address, b.keys)
	if got, err := to.FindUser(t.Context(), "ann"); err != nil || got != user("ann") {
		t.Errorf("the account is %+v, %v", got, err)
	}
	if n := to.count(t, `SELECT count(*) FROM phones WHERE label = 'home'`); n != 1 {
		t.Errorf("%d phones have a label", n)
	}
	if after := b.files(t); after != before {
		t.Errorf("the source was\n%sand is\n%s", before, after)
	}
	if drafts, err := filepath.Glob(filepath.Join(filepath.Dir(b.path), ".*")); err != nil || len(drafts) > 0 {
		t.Errorf("%v are left, %v", drafts, err)
	}
}

// Stopped in the middle, by who asked or by the server, it leaves the target
// empty, and the next one is whole.
func TestCopyToPostgres_Interrupted(t *testing.T) {
	b := filled(t)
	address := emptied(t)
	ctx, stop := context.WithCancel(t.Context())
	for name, c := range map[string]struct {
		ctx  context.Context
		stop func()
	}{
		"told to stop": {ctx, stop},
		"server gone": {t.Context(), func() {
			must(t, running(t).Exec("postgres", `
				SELECT pg_terminate_backend(pid)
				FROM pg_stat_activity
				WHERE datname = '`+databaseName(t, address)+`'`))
		}},
	} {
		_, err := CopyToPostgres(c.ctx, b.path, address, b.keys, func(done, all int) {
			if done > copyBatch {
				c.stop()
			}
		})
		if err == nil || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("%s: answered %v", name, err)
		}
		if left := opens(t, address, b.keys).content(t); len(left) != 0 {
			t.Errorf("%s: %d rows are left", name, len(left))
		}
	}
	_, err := b.copyTo(t, address)
	must(t, err)
	if got := opens(t, address, b.keys).content(t); !slices.Equal(got, b.content(t)) {
		t.Errorf("then %d rows are there, some of them others", len(got))
	}
}

// Of two that fill a database at the same moment one is refused, and nothing of
// it is there.
func TestCopyToPostgres_OnceOnly(t *testing.T) {
	one, other := open(t), open(t)
	one.everything(t, "ann", noon)
	other.everything(t, "bob", noon)
	address := emptied(t)
	var errs [2]error
	var both sync.WaitGroup
	for i, b := range []base{one, other} {
		both.Go(func() { _, errs[i] = b.copyTo(t, address) })
	}
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs[:]...), ErrNotEmpty) {
		t.Fatalf("answered %v", errs)
	}
	won := one
	if errs[0] != nil {
		won = other
	}
	if got := opens(t, address, won.keys).content(t); !slices.Equal(got, won.content(t)) {
		t.Errorf("%d rows are there, some of them others", len(got))
	}
}

// What must not be copied changes nothing on either side.
func TestCopyToPostgres_Refused(t *testing.T) {
	whole := open(t)
	whole.sealAll(t)
	newer := open(t)
	newer.change(t, `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	other := whole
	other.keys = auth.NewKeyring()
	none := whole
	none.path = filepath.Join(t.TempDir(), "missing")
	used, begun, empty := openPostgres(t), openPostgres(t), openPostgres(t)
	used.ann(t)
	must(t, begun.CheckKeyring(t.Context()))
	for name, c := range map[string]struct {
		from, to base
		says     string
	}{
		"accounts":   {whole, used, "holds data already, accounts among them"},
		"a ring":     {whole, begun, "holds data already, in the table keyring"},
		"newer":      {newer, empty, "9999"},
		"other keys": {other, empty, "not those of the data"},
		"missing":    {none, empty, "no such file"},
	} {
		before := c.to.content(t)
		if _, err := c.from.copyTo(t, c.to.path); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: answered %v, want %q", name, err, c.says)
		}
		if !slices.Equal(c.to.content(t), before) {
			t.Errorf("%s: the target was changed", name)
		}
	}
}

// columns lists those of a table, in alphabetical order.
func (b base) columns(t *testing.T, table string) (columns []string) {
	t.Helper()
	query := `SELECT name FROM pragma_table_info($1) ORDER BY name`
	if b.kind == "postgres" {
		query = `
		SELECT column_name::text
		FROM information_schema.columns
		WHERE table_name = $1
		ORDER BY column_name COLLATE "C"`
	}
	var name string
	must(t, b.db.Each(t.Context(), engine.Row{&name}, func() { columns = append(columns, name) }, query, table))
	return columns
}

// Every table is copied, behind those it hangs on, and has the same columns in
// both databases.
func TestCopied_Complete(t *testing.T) {
	from, to := open(t), openPostgres(t)
	listed := slices.Sorted(slices.Values(copiedTables))
	for _, b := range []base{from, to} {
		if names := slices.Sorted(slices.Values(b.names(t))); !slices.Equal(names, listed) {
			t.Errorf("%s has %v, and copied are %v", b.kind, names, listed)
		}
	}
	for i, table := range copiedTables {
		if one, other := from.columns(t, table), to.columns(t, table); !slices.Equal(one, other) {
			t.Errorf("%s has %v in SQLite and %v in PostgreSQL", table, one, other)
		}
		var parent string
		must(t, from.db.Each(t.Context(), engine.Row{&parent}, func() {
			if !slices.Contains(copiedTables[:i], parent) {
				t.Errorf("%s comes before %s, which it hangs on", table, parent)
			}
		}, `SELECT "table" FROM pragma_foreign_key_list($1)`, table))
	}
}
