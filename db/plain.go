package db

import (
	"context"
	"database/sql"
	"reflect"
	"strings"
	"unicode/utf8"
)

// A plain runner sends queries as they are, with their arguments as PostgreSQL
// takes them: it refuses text that is not UTF-8 or holds a zero byte, which a
// visitor can put into an address or a form. With a sign in the place of each
// such byte the text is still none that we ever gave out, and so not found.
type plain struct{ on sqlRunner }

// newPlainPool is a pool of PostgreSQL. A transaction sees with each of its
// queries what others have written by then, and so after it has waited for a
// row; whatever the server would do unasked.
func newPlainPool(db *sql.DB) *writePool {
	begin := func(ctx context.Context) (transaction, error) {
		inner, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err != nil {
			return transaction{}, err
		}
		return transaction{Statements: Statements{viaSQL{plain{inner}}}, commit: inner.Commit, end: func() {
			_ = inner.Rollback() // does nothing after a commit
		}}, nil
	}
	return &writePool{pool: pool{Statements{viaSQL{plain{db}}}, useOf(db), db.Close}, db: db, begin: begin}
}

// ExecContext implements [sqlRunner].
func (p plain) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.on.ExecContext(ctx, query, storable(args)...)
}

// QueryContext implements [sqlRunner].
func (p plain) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.on.QueryContext(ctx, query, storable(args)...)
}

func storable(args []any) []any {
	kept := make([]any, len(args))
	for i, arg := range args {
		kept[i] = arg
		if text := reflect.ValueOf(arg); text.Kind() == reflect.String {
			kept[i] = storableText(text.String())
		}
	}
	return kept
}

func storableText(text string) string {
	if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
}
