package handlers_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// TestForwarded_Untrusted: whatever a client says of where it comes from, it
// changes nothing: not its limits, not the log, not the list of devices (RL-05).
func TestForwarded_Untrusted(t *testing.T) {
	w := newWorld(t)
	w.browser().signUp(ann)
	forger := w.browser()
	for i := range 11 {
		forged := fmt.Sprintf("198.51.100.%d", i)
		forger.headers = map[string]string{
			"X-Forwarded-For": forged, "X-Real-Ip": forged, "Forwarded": "for=" + forged, "True-Client-Ip": forged,
			"Cf-Connecting-Ip": forged, "X-Client-Ip": forged, "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http",
		}
		want := 422
		if i == 10 {
			want = 429
		}
		forger.try(fmt.Sprintf("somebody%d@example.org", i), notPassword).refused(want)
	}
	if strings.Contains(w.log.String(), "198.51.100.") || !strings.Contains(w.log.String(), "ip=203.0.113.8") {
		t.Error("the log believes the client")
	}
	honest := w.browser()
	honest.headers = forger.headers
	honest.firstStep(ann).open("/account/sessions").reads("203.0.113.9").readsNot("198.51.100.")
}

// TestForwarded_Trusted: of proxies that the operator named what they wrote is
// believed, and no more: what the client wrote stands to the left of it (RL-05).
func TestForwarded_Trusted(t *testing.T) {
	w := newWorld(t)
	w.proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	w.restart()
	from := func(proxy, forwarded string) *browser {
		b := w.browser().from(proxy)
		b.headers = map[string]string{"X-Forwarded-For": forwarded, "X-Real-Ip": "192.0.2.1"}
		return b
	}
	for i := range 10 {
		forwarded := fmt.Sprintf("192.0.2.%d, nonsense, 198.51.100.7", i)
		proxy := "10.1.2.3:4711"
		if i%2 == 1 {
			forwarded, proxy = fmt.Sprintf("192.0.2.%d,198.51.100.7, 10.9.9.9", i), "[2001:db8:ffff::1]:4711"
		}
		from(proxy, forwarded).try(fmt.Sprintf("somebody%d@example.org", i), notPassword).refused(422)
	}
	from("10.1.2.3:4711", "198.51.100.7").try("somebody@example.org", notPassword).refused(429)
	from("10.1.2.3:4711", "198.51.100.8").try("somebody@example.org", notPassword).refused(422) // another client of the same proxy
	from("192.0.2.9:4711", "198.51.100.7").try("somebody@example.org", notPassword).refused(422)
	if log := w.log.String(); !strings.Contains(log, "ip=198.51.100.7") || strings.Contains(log, "ip=10.") || strings.Contains(log, "ip=192.0.2.1") {
		t.Error("the log has other addresses")
	}
}

// TestProxyWatch: an operator who forgot to name the proxy is told so, once;
// nobody else is (RL-05).
func TestProxyWatch(t *testing.T) {
	t.Parallel()
	const warning = "--trusted-proxies"
	for name, row := range map[string]struct {
		address, forwarded string
		trusted            []netip.Prefix
		stranger           bool // one request in between comes from elsewhere
		warned             int
	}{
		"a proxy nobody named":    {"10.0.0.1:1", "198.51.100.7", nil, false, 1},
		"on this machine":         {"[::1]:1", "198.51.100.7", nil, false, 1},
		"a proxy that was named":  {"10.0.0.1:1", "198.51.100.7", []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}, false, 0},
		"no proxy":                {"10.0.0.1:1", "", nil, false, 0},
		"a forger on the network": {"203.0.113.9:1", "198.51.100.7", nil, false, 0},
		"many private clients":    {"10.0.0.1:1", "198.51.100.7", nil, true, 0},
	} {
		w := newWorld(t)
		w.proxies = row.trusted
		w.restart()
		b := w.browser().from(row.address)
		if row.forwarded != "" {
			b.headers = map[string]string{"X-Forwarded-For": row.forwarded}
		}
		for i := range 120 {
			if i == 20 && row.stranger {
				b.from("10.0.0.2:1").request("GET", "/healthz", nil, nil)
			}
			b.request("GET", "/healthz", nil, nil)
		}
		if got := strings.Count(w.log.String(), warning); got != row.warned {
			t.Errorf("%s: warned %d times, want %d", name, got, row.warned)
		}
	}
}
