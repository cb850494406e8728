package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestReadyz says why the site is not ready, in words that tell a stranger
// nothing, and is ready again by itself.
func TestReadyz(t *testing.T) {
	w := newWorld(t)
	asks := func(status int, want string) {
		t.Helper()
		if b := w.browser().alone(http.MethodGet, "/readyz", nil); b.status != status || b.body != want+"\n" {
			t.Errorf("/readyz: %d %q, want %d %q", b.status, b.body, status, want)
		}
	}
	asks(200, "ok")
	w.write("INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')")
	asks(503, "the database is of a newer version than this program")
	if len(w.log.lines(`msg="not ready"`)) != 1 || !strings.Contains(w.log.String(), "9999") {
		t.Errorf("logged %s", w.log)
	}
	w.write("DELETE FROM schema_migrations WHERE version = 9999")
	asks(200, "ok")
}
