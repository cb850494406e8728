package main

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// TestProgram_SecondServerRefused: a second server on the same data exits with one
// line and does no harm; after a kill the next server starts.
func TestProgram_SecondServerRefused(t *testing.T) {
	folder := t.TempDir()
	first := start(t, folder)
	code, output := runToEnd(t, program(t, folder, "--listen=127.0.0.1:0"))
	if code != 1 || strings.Count(output, "\n") != 1 || !strings.Contains(output, "already") {
		t.Errorf("the second: exit code %d and %q", code, output)
	}
	if v := visit(t, first).open("/readyz"); v.status != http.StatusOK {
		t.Errorf("then the first responds with status %d", v.status)
	}
	if code, output := runToEnd(t, program(t, folder, "user", "list")); code != 0 {
		t.Errorf("user list while the server runs: exit code %d and %q", code, output)
	}
	first.stop(t, syscall.SIGKILL)

	next := start(t, folder)
	if code, output := next.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("after a kill: exit code %d: %s", code, output)
	}
}
