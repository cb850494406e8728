package db

import (
	"context"
	"fmt"
	"testing"

	"twostep/auth"
)

// While there is no room on the disk, what would be written fails, all of it,
// and what is there can be read. With room again the same is done, once (ST-08).
func TestWrite_DiskFull(t *testing.T) {
	for kind, open := range map[string]func(*testing.T) (b base, fill, empty func()){"sqlite": fullSQLite, "postgres": fullPostgres} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b, fill, empty := open(t)
			b.ann(t)
			grant := set("ann", session("ann", "s2"))
			for i := range 20 { // more than fits into what stands half empty
				m := message(fmt.Sprint("long ", i))
				m.UserAgent = fmt.Sprintf("%4000d", i)
				grant.Changes = append(grant.Changes, auth.QueueMessage{Message: m})
			}
			fill()
			for range 3 {
				if spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, grant); spent || err == nil {
					t.Errorf("spent %v, error %v", spent, err)
				}
			}
			_, err := b.FindSession(t.Context(), "handle of s2")
			wantNotFound(t, err)
			_, err = b.FindSession(t.Context(), "handle of s1")
			must(t, err)
			must(t, b.Ping(t.Context()))
			if n := b.count(t, `SELECT count(*) FROM messages WHERE id LIKE 'long %'`); n > 0 {
				t.Errorf("%d messages of something that failed", n)
			}
			empty()
			spent, err := b.SpendTOTPStep(t.Context(), "ann", 101, grant)
			wantTrue(t, spent, err)
			spent, err = b.SpendTOTPStep(t.Context(), "ann", 101, grant)
			wantFalse(t, spent, err)
			_, err = b.FindSession(t.Context(), "handle of s2")
			must(t, err)
		})
	}
}

func fullSQLite(t *testing.T) (b base, fill, empty func()) {
	b = open(t)
	return b, func() {
			b.change(t, fmt.Sprint(`PRAGMA max_page_count = `, b.count(t, `PRAGMA page_count`)))
		}, func() {
			b.change(t, `PRAGMA max_page_count = 1000000`)
		}
}

// PostgreSQL says itself that the disk is full where a table cannot grow.
func fullPostgres(t *testing.T) (b base, fill, empty func()) {
	running(t)
	b = base{kind: "postgres", path: database(t, "migrated"), keys: auth.NewKeyring()}
	b.open = func(ctx context.Context) (*Store, error) { return OpenPostgres(ctx, b.path, b.keys) }
	b.Store = b.again(t)
	return b, func() {
			b.change(t, `
				CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
					BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`)
			b.change(t, `CREATE TRIGGER full_disk BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION full_disk()`)
		}, func() {
			b.change(t, `DROP TRIGGER full_disk ON messages`)
		}
}
