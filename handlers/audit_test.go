package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"twostep/auth"
)

// The audit log is searched by a network or an address. What is neither finds nothing, also
// in the download: otherwise the entries would be those of everywhere.
func TestAudit_Network(t *testing.T) {
	site := newSite(t)
	b, _ := site.administrator(ann, auth.RoleViewer)
	search := func(network string) *browser { return b.open("/admin/audit?network=" + url.QueryEscape(network)) }
	client, _, _ := strings.Cut(b.remoteAddr, ":")
	for _, network := range []string{client, " " + client + " ", "203.0.0.0/16"} {
		search(network).wantText("Account created")
	}
	for _, other := range []string{"198.51.100.9", "198.51.100.0/24", "2001:db8::1%eth0"} {
		search(other).wantStatus(200).wantText("No entry matches")
	}
	search("127.0.0").wantStatus(422).wantText(`"127.0.0" is not an IP address`).wantText("No entry matches")
	if status := b.fetch("GET", "/admin/audit.csv?network=127.0.0", nil).status; status != 422 {
		t.Errorf("the download has status %d", status)
	}
}
