package serve

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"twostep/auth/access"
	"twostep/cmd/twostep/internal/settings"
)

// A faulty file leaves the old rules and their counts in force, and the page says what is
// wrong with it (FA-21).
func TestAccessRules_Reload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.example * / public\n")
	parsed, err := settings.ReadAccessRules(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := newAccessRules(settings.Settings{Access: parsed, AccessRules: file, ForwardAuth: "127.0.0.1:0"})
	synctest.Test(t, func(t *testing.T) {
		r.hangup = make(chan os.Signal)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.watch(slog.New(slog.DiscardHandler))(ctx)
		first := r.current.Load()
		first.Count(first.Decide(publicRequest))
		write("a.example * / pubic\n")
		r.hangup <- syscall.SIGHUP
		synctest.Wait()
		if got := r.current.Load(); got.Fault == nil || !strings.Contains(got.Fault.Error(), "line 1") || got.FaultAt.IsZero() || !got.Since.Equal(first.Since) || got.Decided(1) != 1 || !got.Asked || got.File != file {
			t.Errorf("after a fault: %+v", got)
		}
		write("\na.example * / deny\n")
		r.hangup <- syscall.SIGHUP
		synctest.Wait()
		if got := r.current.Load(); got.Fault != nil || got.Decided(2) != 0 || got.Decide(publicRequest).Line != 2 {
			t.Errorf("after a correction: %+v", got)
		}
	})
}

var publicRequest = access.Request{Method: "GET", Scheme: "https", Host: "a.example", URI: "/"}
