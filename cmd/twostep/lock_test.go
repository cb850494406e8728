package main

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// TestProgram_SecondServerRefused: a second server on the same data ends with
// one sentence and harms nothing; after a kill, with nobody to clean up, the
// next one starts.
func TestProgram_SecondServerRefused(t *testing.T) {
	folder := t.TempDir()
	first := start(t, folder)
	code, said := ends(t, program(t, folder, "--listen=127.0.0.1:0"))
	if code != 1 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "already") {
		t.Errorf("the second ended with code %d and %q", code, said)
	}
	answer, err := http.Get("http://" + first.address + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("then the first answers %s", answer.Status)
	}
	if code, said := ends(t, program(t, folder, "user", "list")); code != 0 {
		t.Errorf("beside the server, user list ended with code %d and %q", code, said)
	}
	first.stop(t, syscall.SIGKILL)

	next := start(t, folder)
	if code, said := next.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("after a kill: exit code %d: %s", code, said)
	}
}
