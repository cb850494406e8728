package db

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"twostep/auth"
	"twostep/db/dbtest"
	"twostep/db/internal/engine"
)

// openRelayed opens an empty database through a relay.
func openRelayed(t *testing.T) (db testDB, relay *dbtest.Relay) {
	t.Helper()
	address := emptyDatabase(t)
	relay, err := startCluster(t).StartRelay(5433)
	must(t, err)
	t.Cleanup(func() { must(t, relay.Stop()) }) // after the database is closed
	return openPostgresURL(t, relay.URL(databaseName(t, address)), auth.NewKeyring()), relay
}

// A connection can be lost at every message, in the middle of what was sent together: then a
// code is consumed together with what it leads to, or not at all. A caller that is told that
// it was used did not use it itself, and one that is told of a fault may have: then the same
// call says so, or consumes it (ST-08).
func TestWrite_CutAnywhere(t *testing.T) {
	t.Parallel()
	db, relay := openRelayed(t)
	db.addAnn(t)
	step := int64(100)
	spend := func() (bool, error) {
		return db.SpendTOTPStep(t.Context(), "ann", step, set("ann", session("ann", auth.SessionID(fmt.Sprint("s", step)))))
	}
	for _, prepared := range []bool{false, true} {
		for _, fromServer := range []bool{false, true} {
			outcomes := map[string]int{}
			for at := 1; ; at++ {
				if step++; prepared {
					spent, err := spend()
					wantTrue(t, spent, err)
					step++
				} else {
					db.closeIdle()
				}
				isCut := cutAt(relay, fromServer, at)
				spent, err := spend()
				relay.Judge(passAll)
				again, fault := spend()
				must(t, fault)
				if stored := db.count(t, fmt.Sprintf(`SELECT count(*) FROM sessions WHERE id = 's%d'`, step)); stored != 1 || err == nil && (again || !spent) {
					t.Errorf("prepared %v, from the server %v, message %d: spent %v, %v, then %v; %d sessions", prepared, fromServer, at, spent, err, again, stored)
				}
				if !isCut() {
					break
				}
				outcomes[fmt.Sprintf("fault %v, committed %v", err != nil, !again)]++
			}
			if outcomes["fault true, committed true"] == 0 || outcomes["fault true, committed false"] == 0 {
				t.Errorf("prepared %v, from the server %v: %v", prepared, fromServer, outcomes)
			}
		}
	}
}

// A connection that is lost before the first response of a transaction that reads first is a
// fault, and the next transaction works.
func TestWrite_CutBeforeRows(t *testing.T) {
	db, relay := openRelayed(t)
	read := func() error {
		_, err := db.write(t.Context(), "read", "", func(tx *tx) (bool, error) {
			n := 0
			return true, tx.Each(t.Context(), engine.Row{&n}, func() {}, `SELECT 1`)
		})
		return err
	}
	for at := range int64(8) {
		must(t, read()) // also prepares the query
		var left atomic.Int64
		left.Store(at + 1)
		relay.Judge(func(m dbtest.Message) dbtest.Fate {
			if m.FromServer && left.Add(-1) == 0 {
				return dbtest.Cut
			}
			return dbtest.Pass
		})
		if err := read(); err == nil && at == 0 {
			t.Error("the connection was not cut")
		}
		relay.Judge(passAll)
	}
}

func passAll(dbtest.Message) dbtest.Fate { return dbtest.Pass }

// cutAt cuts the next connection at the nth of the messages that begin or end a query, or all
// queries that were sent together. isCut reports whether there were as many.
func cutAt(relay *dbtest.Relay, fromServer bool, n int) (isCut func() bool) {
	kinds := "ES" // Execute, Sync
	if fromServer {
		kinds = "CZ" // CommandComplete, ReadyForQuery
	}
	var queried atomic.Bool
	var left atomic.Int64
	left.Store(int64(n))
	relay.Judge(func(m dbtest.Message) dbtest.Fate {
		if strings.ContainsRune("PB", rune(m.Kind)) && !m.FromServer { // Parse, Bind: the connection is established
			queried.Store(true)
		}
		if queried.Load() && m.FromServer == fromServer && strings.ContainsRune(kinds, rune(m.Kind)) && left.Add(-1) == 0 {
			return dbtest.Cut
		}
		return dbtest.Pass
	})
	return func() bool { return left.Load() <= 0 }
}

// closeIdle closes the connections, with what they have prepared.
func (db testDB) closeIdle() {
	pool := db.db.SQL()
	idle := pool.Stats().MaxOpenConnections
	pool.SetMaxIdleConns(0)
	pool.SetMaxIdleConns(idle)
}
