package serve

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twostep/auth"
	"twostep/db"
)

// The server completes recoveries that are due when it starts, and logs the events (OP-14),
// and that one waits until all its SMS can be sent.
func TestAdvanceRecoveries(t *testing.T) {
	completed, log := advanceRecovery(t)
	if !completed || !strings.Contains(log, "event=recovery_completed user=ann") {
		t.Errorf("completed %v, log %q", completed, log)
	}
	phone := func(id auth.PhoneID, number string) auth.Change {
		return auth.AddPhone{Phone: auth.Phone{ID: id, Number: number, VerifiedAt: time.Now()}}
	}
	completed, log = advanceRecovery(t, phone("p", "+14155550123"), phone("q", "+14155550124"))
	if completed || !strings.Contains(log, "recoveries wait") || !strings.Contains(log, "accounts=1") {
		t.Errorf("with two numbers: completed %v, log %q", completed, log)
	}
}

// advanceRecovery runs the work of a site that can send one SMS until it logs something. The
// recovery of an account with more changes is due.
func advanceRecovery(t *testing.T, more ...auth.Change) (completed bool, logged string) {
	t.Helper()
	keys, now := auth.NewKeyring(), time.Now()
	store, err := db.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "twostep.db"), keys)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r := auth.Recovery{ID: "r", User: "ann", RequestedAt: now.Add(-24 * time.Hour), DueAt: now}
	changes := auth.ChangeSet{User: "ann", At: now, Changes: append([]auth.Change{
		auth.AddUser{User: auth.User{ID: "ann", Email: auth.Email{Typed: "ann@example.org", Key: "ann@example.org"}, PasskeyHandle: "h"}, CreatedAt: now},
		auth.PutTOTP{TOTPKey: auth.TOTPKey{User: "ann", Secret: []byte("a key of twenty byte"), AddedAt: now}},
		auth.AddRecovery{Recovery: r, LastBefore: now},
	}, more...)}
	if err := store.Apply(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ReplaceRecovery(t.Context(), r, r.DueAt, auth.ChangeSet{User: "ann", At: now}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	log := &cancelingLog{cancel: cancel}
	rules := auth.New(store, keys, nil, auth.Policy{RecoveryDelay: 24 * time.Hour, SMSBudget: 1}, time.Now)
	advanceRecoveries(rules, slog.New(slog.NewTextHandler(log, nil)))(ctx)
	got, err := store.FindRecovery(t.Context(), "ann")
	if err != nil {
		t.Error(err)
	}
	return got.Completed, log.String()
}

// A cancelingLog ends what logs after its first line.
type cancelingLog struct {
	bytes.Buffer
	cancel context.CancelFunc
}

func (l *cancelingLog) Write(line []byte) (int, error) {
	l.cancel()
	return l.Buffer.Write(line)
}
