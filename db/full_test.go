package db

import (
	"fmt"
	"testing"

	"twostep/auth"
)

// While the disk is full, a transaction fails completely and stored data can be
// read. With free space again, the same transaction succeeds once (ST-08).
func TestWrite_DiskFull(t *testing.T) {
	for kind, openDB := range map[string]func(*testing.T) (db testDB, limit, release func()){"sqlite": limitSQLite, "postgres": limitPostgres} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			db, limit, release := openDB(t)
			db.addAnn(t)
			changes := set("ann", session("ann", "s2"))
			for i := range 20 { // more than fits into the free space of existing pages
				m := message(fmt.Sprint("long ", i))
				m.UserAgent = fmt.Sprintf("%4000d", i)
				changes.Changes = append(changes.Changes, auth.QueueMessage{Message: m})
			}
			limit()
			for range 3 {
				if spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, changes); spent || err == nil {
					t.Errorf("spent %v, error %v", spent, err)
				}
			}
			_, err := db.FindSession(t.Context(), "token of s2")
			wantNotFound(t, err)
			_, err = db.FindSession(t.Context(), "token of s1")
			must(t, err)
			if kind == "sqlite" { // only one table of the other is full
				db.wantReady(t, auth.DiskFull)
			}
			if n := db.count(t, `SELECT count(*) FROM messages WHERE id LIKE 'long %'`); n > 0 {
				t.Errorf("%d messages of a failed transaction", n)
			}
			release()
			db.wantReady(t, "")
			spent, err := db.SpendTOTPStep(t.Context(), "ann", 101, changes)
			wantTrue(t, spent, err)
			spent, err = db.SpendTOTPStep(t.Context(), "ann", 101, changes)
			wantFalse(t, spent, err)
			_, err = db.FindSession(t.Context(), "token of s2")
			must(t, err)
		})
	}
}

func limitSQLite(t *testing.T) (db testDB, limit, release func()) {
	db = openSQLite(t)
	return db, func() {
			db.exec(t, fmt.Sprint(`PRAGMA max_page_count = `, db.count(t, `PRAGMA page_count`)))
		}, func() {
			db.exec(t, `PRAGMA max_page_count = 1000000`)
		}
}

// limitPostgres makes inserts fail with the error of a full disk.
func limitPostgres(t *testing.T) (db testDB, limit, release func()) {
	db = openPostgresURL(t, newDatabase(t, "migrated"), auth.NewKeyring())
	return db, func() {
			db.exec(t, `
				CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
					BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`)
			db.exec(t, `CREATE TRIGGER full_disk BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION full_disk()`)
		}, func() {
			db.exec(t, `DROP TRIGGER full_disk ON messages`)
		}
}
