package db

import (
	"context"
	"testing"
	"time"

	"twostep/auth"
)

// recovery returns a pending one with a delay of two days.
func recovery(user auth.UserID, now time.Time) auth.Recovery {
	return auth.Recovery{ID: "recovery of " + string(user), User: user, RequestedAt: now, DueAt: now.Add(48 * time.Hour)}
}

// TestAddRecovery: an account has one at a time, and none if it is disabled, has a role or
// no second factor (OP-14).
func TestAddRecovery(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		add := func(last time.Time) error {
			return db.Apply(t.Context(), set("ann", auth.AddRecovery{Recovery: recovery("ann", noon), LastBefore: last}))
		}
		for _, query := range []string{`UPDATE users SET role = 1`, `UPDATE users SET role = 0, disabled_at = 1`} {
			db.exec(t, query)
			wantNotFound(t, add(noon))
		}
		db.exec(t, `UPDATE users SET disabled_at = NULL`)
		must(t, add(noon))
		wantNotFound(t, add(noon))
		got, err := db.FindRecovery(t.Context(), "ann")
		wantEqual(t, got, recovery("ann", noon), err)
		pending, err := db.FindPendingRecoveries(t.Context(), 9)
		wantEqual(t, pending, []auth.PendingRecovery{{Recovery: got, Email: "Aann@example.org"}}, err)

		ended, err := db.EndRecovery(t.Context(), "ann", "another", set("ann"))
		wantFalse(t, ended, err)
		ended, err = db.EndRecovery(t.Context(), "ann", got.ID, set("ann"))
		wantTrue(t, ended, err)
		wantNotFound(t, add(noon.Add(-time.Millisecond)))
		must(t, add(noon))
		_, err = db.RemoveTOTP(t.Context(), "ann", set("ann", auth.StopRecovery{}))
		must(t, err)
		wantNotFound(t, add(noon))
	})
}

// TestFindRecoveryByToken: each token of a recovery finds it, and those of an earlier one
// find nothing.
func TestFindRecoveryByToken(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		for i, tokens := range [][]string{{"a", "b"}, {"c"}} {
			db.apply(t, "ann", auth.AddRecovery{Recovery: recovery("ann", noon), LastBefore: noon})
			for _, token := range tokens {
				db.apply(t, "ann", auth.AddRecoveryToken{Hash: token})
				got, err := db.FindRecoveryByToken(t.Context(), token)
				wantEqual(t, got, recovery("ann", noon), err)
			}
			if i == 0 {
				db.apply(t, "ann", auth.StopRecovery{})
			}
		}
		_, err := db.FindRecoveryByToken(t.Context(), "a")
		wantNotFound(t, err)
	})
}

// TestRecovery_OnceOnly: of many servers one adds, one reminds, one completes or stops, and
// nothing completes what was stopped (OP-14).
func TestRecovery_OnceOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		message := func(i int) auth.Change {
			m := message(string(rune('A' + i)))
			m.ExpiresAt = noon.Add(auth.RecoveryPause)
			return auth.QueueMessage{Message: m}
		}
		wantMessages := func(want int) {
			t.Helper()
			if n := db.count(t, `SELECT count(*) FROM messages`); n != want {
				t.Errorf("%d messages, want %d", n, want)
			}
			db.exec(t, `DELETE FROM messages`)
		}
		r := recovery("ann", noon)
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			err := s.Apply(ctx, set("ann", auth.AddRecovery{Recovery: r, LastBefore: noon}, message(i)))
			if err == auth.ErrNotFound {
				return false, nil
			}
			return err == nil, err
		})
		wantMessages(1)

		at := func(now time.Time, changes ...auth.Change) auth.ChangeSet {
			return auth.ChangeSet{User: "ann", At: now, Changes: changes}
		}
		due, err := db.FindDueRecoveries(t.Context(), r.RemindAt().Add(-time.Millisecond), 9)
		wantEqual(t, due, []auth.Recovery(nil), err)
		due, err = db.FindDueRecoveries(t.Context(), r.RemindAt(), 9)
		wantEqual(t, due, []auth.Recovery{r}, err)
		spent, err := db.SpendRecovery(t.Context(), r, at(r.DueAt))
		wantFalse(t, spent, err) // without a reminder
		db.wantOneWinner(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			return s.ReplaceRecovery(ctx, r, r.DueAt, at(r.RemindAt(), message(i)))
		})
		wantMessages(1)

		r.Reminded = true
		spent, err = db.SpendRecovery(t.Context(), r, at(r.DueAt.Add(-time.Millisecond)))
		wantFalse(t, spent, err)
		winners := db.race(t, func(ctx context.Context, s *Store, i int) (bool, error) {
			switch i % 4 {
			case 0:
				return s.EndRecovery(ctx, "ann", r.ID, at(r.DueAt, message(i)))
			case 1:
				return false, s.Apply(ctx, at(r.DueAt, auth.StopRecovery{Changes: []auth.Change{message(i), auth.AddGroup{Name: "stopped"}}}))
			}
			return s.SpendRecovery(ctx, r, at(r.DueAt, message(i)))
		})
		if winners += db.count(t, `SELECT count(*) FROM account_groups`); winners != 1 {
			t.Errorf("%d calls have ended the recovery, want 1", winners)
		}
		wantMessages(1)
		r, err = db.FindRecovery(t.Context(), "ann")
		must(t, err)
		f, err := db.FindFactors(t.Context(), "ann", noon)
		if err != nil || f.Recovered != r.Completed || (f.TOTP == nil) != r.Completed {
			t.Errorf("completed is %v, factors are %+v, %v", r.Completed, f, err)
		}
	})
}

// TestSpendRecovery removes the factors and is remembered until there is one again.
func TestSpendRecovery(t *testing.T) {
	eachStore(t, func(t *testing.T, db testDB) {
		db.addAnn(t)
		r := recovery("ann", noon)
		db.apply(t, "ann", auth.AddRecovery{Recovery: r, LastBefore: noon})
		replaced, err := db.ReplaceRecovery(t.Context(), r, r.DueAt, set("ann"))
		wantTrue(t, replaced, err)
		r.Reminded = true
		other, moved := r, r
		other.ID, moved.DueAt = "other", r.DueAt.Add(-time.Second)
		for _, changed := range []auth.Recovery{other, moved} {
			spent, err := db.SpendRecovery(t.Context(), changed, auth.ChangeSet{User: "ann", At: r.DueAt})
			wantFalse(t, spent, err)
		}
		spent, err := db.SpendRecovery(t.Context(), r, auth.ChangeSet{User: "ann", At: r.DueAt, Changes: []auth.Change{auth.EndSessions{}}})
		wantTrue(t, spent, err)
		wantRows(t, db.rowCounts(t), map[string]int{"sessions": 0, "totp": 0, "backup_codes": 0, "attempts": 0, "phones": 1})
		f, err := db.FindFactors(t.Context(), "ann", noon)
		must(t, err)
		if !f.Recovered {
			t.Error("the recovery is forgotten")
		}
		db.apply(t, "ann", auth.ClearRecovered{})
		f, err = db.FindFactors(t.Context(), "ann", noon)
		must(t, err)
		if f.Recovered {
			t.Error("the recovery is not cleared")
		}
	})
}
