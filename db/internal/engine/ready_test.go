package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"twostep/auth"
)

// A full disk is noticed by writes only, and remembered until one succeeds.
func TestPing_DiskFull(t *testing.T) {
	db, _ := open(t)
	_, err := db.SQL().ExecContext(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, count(t, db, `PRAGMA page_count`)))
	must(t, err)
	_, err = db.Write(t.Context(), "fill the disk", func(tx Statements) (bool, error) {
		return true, addCounter(t.Context(), tx, strings.Repeat("a long name ", 3000))
	})
	if err == nil {
		t.Fatal("the disk was not full")
	}
	if reason := db.unwritable.Load(); reason == nil || *reason != auth.DiskFull {
		t.Errorf("remembered reason is %v", reason)
	}
	must(t, db.Ping(t.Context())) // its write needs no space and succeeds
	if reason := db.unwritable.Load(); reason != nil {
		t.Errorf("reason is still %v", *reason)
	}
}

func TestPing_NewerSchema(t *testing.T) {
	db, _ := open(t)
	_, err := db.SQL().ExecContext(t.Context(), `INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')`)
	must(t, err)
	if err := db.Ping(t.Context()); !errors.Is(err, auth.NewerSchema) {
		t.Errorf("error is %v", err)
	}
}
