package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"twostep/auth"
)

// waitForOutbox waits until all messages are sent and the delayed ones have
// expired.
func (k *killTest) waitForOutbox(late time.Time) {
	k.t.Helper()
	store, _, err := k.dir.Open(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	defer store.Close()
	time.Sleep(time.Until(late))
	for end := time.Now().Add(outboxTimeout); ; time.Sleep(50 * time.Millisecond) {
		waiting, failing, _, err := store.CountMessages(k.t.Context())
		if err != nil {
			k.t.Fatal(err)
		}
		if waiting == 0 {
			return
		}
		if time.Now().After(end) {
			k.t.Fatalf("%d messages remain, %d of them failed", waiting, failing)
		}
	}
}

// check compares the stored data with what each user saw.
func (k *killTest) check() {
	store, _, err := k.dir.Open(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	defer store.Close()
	for _, u := range k.users[:lateUsers] {
		if got, err := k.mail.sentTo(u.email); len(got) > 0 || err != nil {
			k.t.Errorf("%s got the expired code %v: %v", u.email, got, err)
		}
	}
	var all sync.WaitGroup
	confirmed, signIns := map[auth.EventType]int{}, map[auth.FactorKind]int{}
	for _, u := range k.users {
		for event, n := range u.confirmed {
			confirmed[event] += n
		}
		for kind, n := range u.signIns {
			signIns[kind] += n
		}
		all.Go(func() {
			k.acquire()
			defer k.release()
			u.check(store)
		})
	}
	all.Wait()
	if missing := k.missing(); len(missing) > 0 {
		k.t.Errorf("never occurred: %v", missing)
	}
	if n := int(k.duplicates.Load()); n > k.killed {
		k.t.Errorf("%d messages were sent twice, more than one per kill (%d)", n, k.killed)
	}
	k.t.Logf("%d kills; %d responses received, %d lost and %d too slow; confirmed: %v; signed in with: %v; done although the response was lost: %d; %d messages sent twice; %d lines torn",
		k.killed, k.responses.Load(), k.lost.Load(), k.tooSlow.Load(), confirmed, signIns, k.unconfirmed.Load(), k.duplicates.Load(), k.mail.torn+k.sms.torn)
}

// checkLog looks for errors in the log, after the last server has ended.
func (k *killTest) checkLog() {
	for line := range strings.Lines(k.log.String()) {
		tooSlow := strings.Contains(line, "deadline exceeded") // mayRepeat counts those
		if strings.Contains(line, `"level":"ERROR"`) && !tooSlow {
			k.t.Errorf("error in the log: %s", line)
		}
	}
}

// checkDatabase checks the integrity of the SQLite file, and looks for what no page shows.
func (k *killTest) checkDatabase() {
	database, err := k.openDatabase()
	if err != nil {
		k.t.Fatal(err)
	}
	defer database.Close()
	for name, query := range map[string]string{
		"messages were sent after they had expired": `SELECT count(*) FROM messages WHERE sent_at >= expires_at`,
		"codes led to several refresh tokens": `
			SELECT count(*)
			FROM (SELECT grant_id FROM app_refresh_tokens WHERE predecessor IS NULL GROUP BY grant_id HAVING count(*) > 1) AS codes`,
		"refresh tokens have several successors": `
			SELECT count(*)
			FROM (SELECT predecessor FROM app_refresh_tokens WHERE replaced_at IS NULL GROUP BY predecessor HAVING predecessor IS NOT NULL AND count(*) > 1) AS tokens`,
	} {
		var n int
		if err := database.QueryRow(query).Scan(&n); err != nil || n > 0 {
			k.t.Errorf("%d %s, %v", n, name, err)
		}
	}
	if k.dir.Database != "" {
		return
	}
	var result string
	if err := database.QueryRow(`PRAGMA integrity_check`).Scan(&result); err != nil || result != "ok" {
		k.t.Errorf("integrity check: %s, %v", result, err)
	}
}

func (k *killTest) openDatabase() (*sql.DB, error) {
	if k.dir.Database != "" {
		return sql.Open("pgx", k.dir.Database)
	}
	return sql.Open("sqlite", "file:"+filepath.Join(k.dir.Path, databaseFile))
}
