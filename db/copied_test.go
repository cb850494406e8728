package db

import (
	"slices"
	"testing"

	"twostep/db/internal/engine"
)

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
