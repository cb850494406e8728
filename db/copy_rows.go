package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"twostep/db/internal/engine"
	"twostep/db/internal/seal"
)

// copyBatch is the number of rows per COPY. PostgreSQL checks foreign keys at the
// end of each and remembers every row until then.
const copyBatch = 20_000

// A copyJob is a running copy.
type copyJob struct {
	from, to  engine.Statements
	source    engine.Querier // that from runs on
	conn      *pgx.Conn      // that to runs on
	seals     seal.Sealer
	counts    map[string]int // rows to copy, by table
	all, done int            // rows of all tables
	progress  func(done, all int)
}

// run copies all tables in one transaction of the target.
func (c *copyJob) run(ctx context.Context, target *sql.DB) error {
	if err := c.count(ctx); err != nil {
		return err
	}
	conn, err := target.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Raw(func(driver any) error {
		c.conn = driver.(*stdlib.Conn).Conn()
		return nil
	}); err != nil {
		return err
	}
	// Canceling ctx ends the running query. If it canceled the transaction too,
	// database/sql would roll back on a connection that a COPY is using.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	c.to = engine.On(tx)
	if err := c.lockEmpty(ctx); err != nil {
		return err
	}
	for _, table := range copiedTables {
		if err := c.copyTable(ctx, table); err != nil {
			return fmt.Errorf("copy %s: %w", table, err)
		}
	}
	if _, _, err := openExamples(ctx, c.to, c.seals, sealedColumns); err != nil {
		return fmt.Errorf("decrypt copied values: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnconfirmed, err)
	}
	return nil
}

// count counts the rows to copy.
func (c *copyJob) count(ctx context.Context) error {
	c.counts = map[string]int{}
	for _, table := range copiedTables {
		var n int
		if err := c.from.Find(ctx, engine.Row{&n}, `SELECT count(*) FROM `+table); err != nil {
			return err
		}
		c.counts[table] = n
		c.all += n
	}
	return nil
}

// lockEmpty locks the target's tables for writing and refuses tables with rows.
func (c *copyJob) lockEmpty(ctx context.Context) error {
	if _, err := c.to.Exec(ctx, `LOCK TABLE `+strings.Join(copiedTables, ", ")+` IN EXCLUSIVE MODE`); err != nil {
		return err
	}
	for _, table := range copiedTables {
		var used bool
		if err := c.to.Find(ctx, engine.Row{&used}, `SELECT EXISTS (SELECT 1 FROM `+table+`)`); err != nil {
			return err
		}
		if used {
			return fmt.Errorf("%w, in the table %s", ErrNotEmpty, table)
		}
	}
	return nil
}

// copyTable copies one table and counts its rows. ANALYZE gives the planner its
// statistics, otherwise the first queries would not use the indexes.
func (c *copyJob) copyTable(ctx context.Context, table string) error {
	columns, err := c.columns(ctx, table)
	if err != nil {
		return err
	}
	rows, err := c.source.QueryContext(ctx, `SELECT "`+strings.Join(columns, `", "`)+`" FROM `+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	for source := newRowSource(rows, len(columns)); !source.ended; {
		source.left = copyBatch
		n, err := c.conn.CopyFrom(ctx, pgx.Identifier{table}, columns, source)
		if err != nil {
			return err
		}
		c.done += int(n)
		c.progress(c.done, c.all)
	}
	var arrived int
	if err := c.to.Find(ctx, engine.Row{&arrived}, `SELECT count(*) FROM `+table); err != nil {
		return err
	}
	if arrived != c.counts[table] {
		return fmt.Errorf("%d of %d rows arrived", arrived, c.counts[table])
	}
	_, err = c.to.Exec(ctx, `ANALYZE `+table)
	return err
}

func (c *copyJob) columns(ctx context.Context, table string) (columns []string, err error) {
	var name string
	err = c.from.Each(ctx, engine.Row{&name}, func() { columns = append(columns, name) }, `
		SELECT name
		FROM pragma_table_info($1)
		ORDER BY cid`, table)
	if err == nil && len(columns) == 0 {
		err = errors.New("table does not exist")
	}
	return columns, err
}

// A rowSource is a [pgx.CopyFromSource] that returns rows of a query in batches.
type rowSource struct {
	rows  *sql.Rows
	row   []any
	dest  engine.Row // pointers to the elements of row
	left  int        // in this batch
	ended bool
}

func newRowSource(rows *sql.Rows, columns int) *rowSource {
	s := &rowSource{rows: rows, row: make([]any, columns)}
	for i := range s.row {
		s.dest = append(s.dest, &s.row[i])
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

// Values implements [pgx.CopyFromSource]. It replaces text that PostgreSQL refuses,
// as a server on PostgreSQL would have.
func (s *rowSource) Values() ([]any, error) {
	if err := s.rows.Scan(s.dest...); err != nil {
		return nil, err
	}
	return engine.ValidArgs(s.row), nil
}

// Err implements [pgx.CopyFromSource].
func (s *rowSource) Err() error { return s.rows.Err() }
