package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// copyBatch is how many rows go to the server at once. It checks at the end of
// each batch what they hang on, and holds a note of every row until then.
const copyBatch = 20_000

// A filling is a copy under way.
type filling struct {
	from, to  Statements
	source    sqlRunner // below from
	wire      *pgx.Conn // below to
	seals     sealer
	counts    map[string]int // of the rows to copy, by table
	all, done int            // of them together
	progress  func(done, all int)
}

// fill copies all tables in one transaction of the target.
func (f *filling) fill(ctx context.Context, target *sql.DB) error {
	if err := f.count(ctx); err != nil {
		return err
	}
	conn, err := target.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Raw(func(driver any) error {
		f.wire = driver.(*stdlib.Conn).Conn()
		return nil
	}); err != nil {
		return err
	}
	// Whoever tells it to stop ends the query under way. Else database/sql would
	// roll back by itself, on the connection that a COPY is using.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	f.to = Statements{viaSQL{plain{tx}}}
	if err := f.empty(ctx); err != nil {
		return err
	}
	for _, table := range copied {
		if err := f.table(ctx, table); err != nil {
			return fmt.Errorf("copy %s: %w", table, err)
		}
	}
	if err := checkSeals(ctx, f.to, f.seals, sealedColumns); err != nil {
		return fmt.Errorf("open what was copied: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnconfirmed, err)
	}
	return nil
}

// count counts what there is to copy.
func (f *filling) count(ctx context.Context) error {
	f.counts = map[string]int{}
	for _, table := range copied {
		var n int
		if err := f.from.Find(ctx, Row{&n}, `SELECT count(*) FROM `+table); err != nil {
			return err
		}
		f.counts[table] = n
		f.all += n
	}
	return nil
}

// empty keeps everybody else from writing to the target, and refuses one that
// somebody has written to.
func (f *filling) empty(ctx context.Context) error {
	if _, err := f.to.Exec(ctx, `LOCK TABLE `+strings.Join(copied, ", ")+` IN EXCLUSIVE MODE`); err != nil {
		return err
	}
	for _, table := range copied {
		var used bool
		if err := f.to.Find(ctx, Row{&used}, `SELECT EXISTS (SELECT 1 FROM `+table+`)`); err != nil {
			return err
		}
		if used {
			return fmt.Errorf("%w, in the table %s", ErrNotEmpty, table)
		}
	}
	return nil
}

// table copies one and counts what has arrived. The server learns at once how
// its values are spread, or the first queries would go the long way.
func (f *filling) table(ctx context.Context, table string) error {
	columns, err := f.columns(ctx, table)
	if err != nil {
		return err
	}
	rows, err := f.source.QueryContext(ctx, `SELECT "`+strings.Join(columns, `", "`)+`" FROM `+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	for source := newRowSource(rows, len(columns)); !source.ended; {
		source.left = copyBatch
		n, err := f.wire.CopyFrom(ctx, pgx.Identifier{table}, columns, source)
		if err != nil {
			return err
		}
		f.done += int(n)
		f.progress(f.done, f.all)
	}
	var arrived int
	if err := f.to.Find(ctx, Row{&arrived}, `SELECT count(*) FROM `+table); err != nil {
		return err
	}
	if arrived != f.counts[table] {
		return fmt.Errorf("%d rows of %d arrived", arrived, f.counts[table])
	}
	_, err = f.to.Exec(ctx, `ANALYZE `+table)
	return err
}

func (f *filling) columns(ctx context.Context, table string) (columns []string, err error) {
	var name string
	err = f.from.Each(ctx, Row{&name}, func() { columns = append(columns, name) }, `
		SELECT name
		FROM pragma_table_info($1)
		ORDER BY cid`, table)
	if err == nil && len(columns) == 0 {
		err = errors.New("there is no such table")
	}
	return columns, err
}

// A rowSource gives rows of a query out in batches. It is a [pgx.CopyFromSource].
type rowSource struct {
	rows   *sql.Rows
	row    []any
	places Row // of row
	left   int // of this batch
	ended  bool
}

func newRowSource(rows *sql.Rows, columns int) *rowSource {
	s := &rowSource{rows: rows, row: make([]any, columns)}
	for i := range s.row {
		s.places = append(s.places, &s.row[i])
	}
	return s
}

// Next implements [pgx.CopyFromSource].
func (s *rowSource) Next() bool {
	if s.left == 0 {
		return false
	}
	s.left--
	s.ended = !s.rows.Next()
	return !s.ended
}

// Values implements [pgx.CopyFromSource]. Text that a visitor sent is written as
// a server on PostgreSQL would have written it.
func (s *rowSource) Values() ([]any, error) {
	if err := s.rows.Scan(s.places...); err != nil {
		return nil, err
	}
	return storable(s.row), nil
}

// Err implements [pgx.CopyFromSource].
func (s *rowSource) Err() error { return s.rows.Err() }
