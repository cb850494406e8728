package handlers_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// A client's claim about its IP address is ignored in rate limits, the log and the list
// of sessions (RL-05).
func TestForwarded_Untrusted(t *testing.T) {
	site := newSite(t)
	site.browser().signUp(ann)
	attacker := site.browser()
	for i := range 11 {
		forged := fmt.Sprintf("198.51.100.%d", i)
		attacker.headers = map[string]string{
			"X-Forwarded-For": forged, "X-Real-Ip": forged, "Forwarded": "for=" + forged, "True-Client-Ip": forged,
			"Cf-Connecting-Ip": forged, "X-Client-Ip": forged, "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http",
		}
		want := 422
		if i == 10 {
			want = 429
		}
		attacker.signInWith(fmt.Sprintf("somebody%d@example.org", i), wrongPassword).wantError(want)
	}
	if strings.Contains(site.log.String(), "198.51.100.") || !strings.Contains(site.log.String(), "ip=203.0.113.8") {
		t.Error("the log has the forged IP address")
	}
	honest := site.browser()
	honest.headers = attacker.headers
	honest.signIn(ann).open("/account/sessions").wantText("203.0.113.9").wantNoText("198.51.100.")
}

// Of trusted proxies only their own entry counts. What the client wrote is to the left
// of it (RL-05).
func TestForwarded_Trusted(t *testing.T) {
	site := newSite(t)
	site.proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	site.restart()
	from := func(proxy, forwarded string) *browser {
		b := site.browser().from(proxy)
		b.headers = map[string]string{"X-Forwarded-For": forwarded, "X-Real-Ip": "192.0.2.1"}
		return b
	}
	for i := range 10 {
		forwarded := fmt.Sprintf("192.0.2.%d, nonsense, 198.51.100.7", i)
		proxy := "10.1.2.3:4711"
		if i%2 == 1 {
			forwarded, proxy = fmt.Sprintf("192.0.2.%d,198.51.100.7, 10.9.9.9", i), "[2001:db8:ffff::1]:4711"
		}
		from(proxy, forwarded).signInWith(fmt.Sprintf("somebody%d@example.org", i), wrongPassword).wantError(422)
	}
	from("10.1.2.3:4711", "198.51.100.7").signInWith("somebody@example.org", wrongPassword).wantError(429)
	from("10.1.2.3:4711", "198.51.100.8").signInWith("somebody@example.org", wrongPassword).wantError(422) // another client of the same proxy
	from("192.0.2.9:4711", "198.51.100.7").signInWith("somebody@example.org", wrongPassword).wantError(422)
	if log := site.log.String(); !strings.Contains(log, "ip=198.51.100.7") || strings.Contains(log, "ip=10.") || strings.Contains(log, "ip=192.0.2.1") {
		t.Error("the log has other IP addresses")
	}
}

// Entries with a port, brackets or a zone, as IIS and Azure write them, are read. One that
// is no IP address is logged once, without advice to name a proxy that is named (RL-05).
func TestForwarded_Notations(t *testing.T) {
	site := newSite(t)
	site.proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	site.restart()
	site.browser().from("10.0.0.1:4711").request("GET", "/healthz", nil, nil) // of the proxy itself
	if log := site.log.String(); strings.Contains(log, "level=WARN") {
		t.Errorf("logged %s", log)
	}
	for forwarded, want := range map[string]string{
		"198.51.100.7:52144":                       "198.51.100.7",
		"192.0.2.1, 198.51.100.8:1":                "198.51.100.8",
		"[2001:db8::7]:52144":                      "2001:db8::7",
		"[2001:db8::8]":                            "2001:db8::8",
		"2001:db8::9%eth0":                         "2001:db8::9",
		"[2001:db8::a%25eth0]:1, 10.0.0.2:99":      "2001:db8::a",
		"::ffff:198.51.100.9":                      "198.51.100.9",
		"198.51.100.10, 10.0.0.3":                  "198.51.100.10",
		"10.0.0.2, 10.0.0.3":                       "10.0.0.2",
		"198.51.100.11, unknown":                   "10.0.0.1",
		"198.51.100.12, 10.0.0.4, , 10.0.0.5":      "10.0.0.5",
		"198.51.100.13:99999":                      "10.0.0.1",
		"[198.51.100.14":                           "10.0.0.1",
		"198.51.100.15, 198.51.100.16\t, 10.0.0.6": "198.51.100.16",
	} {
		before := len(site.log.String())
		b := site.browser().from("10.0.0.1:4711")
		b.headers = map[string]string{"X-Forwarded-For": forwarded}
		b.request("GET", "/sign-in", nil, nil)
		if line := site.log.String()[before:]; !strings.Contains(line, " ip="+want+"\n") {
			t.Errorf("%q: want %s, logged %s", forwarded, want, line)
		}
	}
	b := site.browser().from("10.0.0.1:4711")
	b.headers = map[string]string{"X-Forwarded-For": "unknown"}
	for range 120 {
		b.request("GET", "/healthz", nil, nil)
	}
	if log := site.log.String(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "no IP address") || strings.Contains(log, "--trusted-proxies") {
		t.Errorf("logged %s", log)
	}
}

// A missing --trusted-proxies is logged once, and only if there is a proxy (RL-05).
func TestForwarded_MissingProxyWarning(t *testing.T) {
	t.Parallel()
	const warning = "--trusted-proxies"
	for name, row := range map[string]struct {
		address, forwarded string
		trusted            []netip.Prefix
		other              string // IP address of one request among the others; empty for none
		otherForwarded     string
		otherAt            int // number of requests before it
		warned             int
	}{
		"an untrusted proxy":         {"10.0.0.1:1", "198.51.100.7", nil, "", "", 0, 1},
		"on this machine":            {"[::1]:1", "198.51.100.7", nil, "", "", 0, 1},
		"a trusted proxy":            {"10.0.0.1:1", "198.51.100.7", []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}, "", "", 0, 0},
		"no proxy":                   {"10.0.0.1:1", "", nil, "", "", 0, 0},
		"an attacker on the network": {"203.0.113.9:1", "198.51.100.7", nil, "", "", 0, 0},
		"many private clients":       {"10.0.0.1:1", "198.51.100.7", nil, "10.0.0.2:1", "198.51.100.7", 20, 0},
		"a client without a proxy":   {"10.0.0.1:1", "198.51.100.7", nil, "10.0.0.1:1", "", 20, 0},
		"a check before all others":  {"10.0.0.1:1", "198.51.100.7", nil, "10.0.0.1:1", "", 0, 1},
	} {
		site := newSite(t)
		site.proxies = row.trusted
		site.restart()
		b := site.browser().from(row.address)
		if row.forwarded != "" {
			b.headers = map[string]string{"X-Forwarded-For": row.forwarded}
		}
		for i := range 120 {
			if i == row.otherAt && row.other != "" {
				b.from(row.other).request("GET", "/healthz", nil, map[string]string{"X-Forwarded-For": row.otherForwarded})
			}
			b.request("GET", "/healthz", nil, nil)
		}
		if got := strings.Count(site.log.String(), warning); got != row.warned {
			t.Errorf("%s: warned %d times, want %d", name, got, row.warned)
		}
	}
}
