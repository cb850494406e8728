package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"twostep/auth"
)

// drains waits until nothing waits in the queue, and the late codes would have
// been sent.
func (s *siege) drains(late time.Time) {
	s.t.Helper()
	store, _, err := s.place.Open(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	defer store.Close()
	time.Sleep(time.Until(late))
	for end := time.Now().Add(drainsIn); ; time.Sleep(50 * time.Millisecond) {
		waiting, failing, _, err := store.CountMessages(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if waiting == 0 {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%d messages are stuck, %d of them could not be sent", waiting, failing)
		}
	}
}

// check looks at everything that the guests know, and that they did enough to
// know something.
func (s *siege) check() {
	store, _, err := s.place.Open(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	defer store.Close()
	for _, g := range s.guests[:lateGuests] {
		if got, err := s.mail.to(g.email); len(got) > 0 || err != nil {
			s.t.Errorf("%s got %v after it had expired: %v", g.email, got, err)
		}
	}
	var all sync.WaitGroup
	told, in := map[auth.EventType]int{}, map[auth.FactorKind]int{}
	for _, g := range s.guests {
		for what, n := range g.told {
			told[what] += n
		}
		for kind, n := range g.in {
			in[kind] += n
		}
		all.Go(func() {
			s.enter()
			defer s.leave()
			g.check(store)
		})
	}
	all.Wait()
	if lacking := s.lacks(); len(lacking) > 0 {
		s.t.Errorf("never happened: %v", lacking)
	}
	if twice := int(s.twice.Load()); twice > s.killed {
		s.t.Errorf("%d letters came twice, and no more than one can be in hand at each of %d kills", twice, s.killed)
	}
	s.t.Logf("%d kills; %d answers came and %d were lost; told: %v; signed in by: %v; done although the answer was lost: %d; %d letters came twice; %d lines torn",
		s.killed, s.answers.Load(), s.cuts.Load(), told, in, s.unsaid.Load(), s.twice.Load(), s.mail.torn+s.sms.torn)
}

// checkLog looks for faults, once no server writes any more.
func (s *siege) checkLog() {
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) {
			s.t.Errorf("a fault in the log: %s", line)
		}
	}
}

// checkTables lets SQLite look at its file, and looks in the queue for what was
// sent too late.
func (s *siege) checkTables() {
	driver, address := "sqlite", "file:"+filepath.Join(s.place.Path, databaseFile)
	if s.place.Database != "" {
		driver, address = "pgx", s.place.Database
	}
	tables, err := sql.Open(driver, address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer tables.Close()
	var late int
	if err := tables.QueryRow(`SELECT count(*) FROM messages WHERE sent_at >= expires_at`).Scan(&late); err != nil || late > 0 {
		s.t.Errorf("%d messages were sent after they had expired, %v", late, err)
	}
	if driver != "sqlite" {
		return
	}
	var found string
	if err := tables.QueryRow(`PRAGMA integrity_check`).Scan(&found); err != nil || found != "ok" {
		s.t.Errorf("the file is damaged: %s, %v", found, err)
	}
}
