package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

// The response says why the site is not ready, without details, and recovers without a
// restart.
func TestReadyz(t *testing.T) {
	site := newSite(t)
	check := func(status int, want string) {
		t.Helper()
		if b := site.browser().fetch(http.MethodGet, "/readyz", nil); b.status != status || b.body != want+"\n" {
			t.Errorf("/readyz: %d %q, want %d %q", b.status, b.body, status, want)
		}
	}
	check(200, "ok")
	site.exec("INSERT INTO schema_migrations (version, name) VALUES (9999, 'newer')")
	check(503, "the database is of a newer version than this program")
	if len(site.log.linesWith(`msg="not ready"`)) != 1 || !strings.Contains(site.log.String(), "9999") {
		t.Errorf("logged %s", site.log)
	}
	site.exec("DELETE FROM schema_migrations WHERE version = 9999")
	check(200, "ok")
}
