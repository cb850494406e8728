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

// The server completes recoveries that are due when it starts, and logs the events (OP-14).
func TestAdvanceRecoveries(t *testing.T) {
	keys, now := auth.NewKeyring(), time.Now()
	store, err := db.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "twostep.db"), keys)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r := auth.Recovery{ID: "r", User: "ann", RequestedAt: now.Add(-24 * time.Hour), DueAt: now}
	changes := auth.ChangeSet{User: "ann", At: now, Changes: []auth.Change{
		auth.AddUser{User: auth.User{ID: "ann", Email: auth.Email{Typed: "ann@example.org", Key: "ann@example.org"}, PasskeyHandle: "h"}, CreatedAt: now},
		auth.PutTOTP{TOTPKey: auth.TOTPKey{User: "ann", Secret: []byte("a key of twenty byte"), AddedAt: now}},
		auth.AddRecovery{Recovery: r, LastBefore: now},
	}}
	if err := store.Apply(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ReplaceRecovery(t.Context(), r, r.DueAt, auth.ChangeSet{User: "ann", At: now}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	log := &cancelingLog{cancel: cancel}
	rules := auth.New(store, keys, nil, auth.Policy{RecoveryDelay: 24 * time.Hour}, time.Now)
	advanceRecoveries(rules, slog.New(slog.NewTextHandler(log, nil)))(ctx)
	if got, err := store.FindRecovery(t.Context(), "ann"); err != nil || !got.Completed || !strings.Contains(log.String(), "event=recovery_completed user=ann") {
		t.Errorf("%+v, %v, log %q", got, err, log.String())
	}
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
