package access

import (
	"slices"
	"strings"
	"testing"
)

const sample = `
# host             methods  path      demand                    who
wiki.example.org   GET      /public   public
wiki.example.org   *        /         one-factor                *
ops.example.org    *        /my%20files two-factor within 1h10m   ann@example.org
ops.example.org    *        /admin    two-factor within 10m     group:ops
ops.example.org    *        /         two-factor                group:ops ann@example.org
old.example.org    *        /         deny
bücher.example     POST     /order    one-factor                *   # no rule for the whole host
wiki.example.org:8443 *     /a        two-factor                *
wiki.example.org:8443 *     /b        two-factor within 5m      *
wiki.example.org:8443 *     /         public
some.example.org   GET      /         public                        # for all paths, but not all methods
some.example.org   *        /a        public
`

func parse(t testing.TB, text string) *Rules {
	t.Helper()
	rules, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// TestDecide is the specification of FA-06, FA-08 and FA-09.
func TestDecide(t *testing.T) {
	rules := parse(t, sample)
	for _, c := range []struct {
		request string // method, scheme://host, path and query
		line    int
		demand  string
	}{
		{"GET https://wiki.example.org /public", 3, "public"},
		{"HEAD https://wiki.example.org /public/x?y=/admin", 3, "public"},
		{"GET https://wiki.example.org /publicx", 4, "one-factor"},
		{"POST https://wiki.example.org /public", 4, "one-factor"},
		{"GET https://wiki.example.org /", 4, "one-factor"},
		{"GET https://wiki.example.org /%70ublic", 3, "public"},
		{"GET https://wiki.example.org /pub%6Cic/%C3%A9", 3, "public"},
		{"GET https://wiki.example.org /public/%6F%6f", 3, "public"},
		{"GET https://WIKI.example.org. /public", 3, "public"},
		{"GET https://wiki.example.org:443 /public", 3, "public"},
		{"GET http://wiki.example.org:80 /public", 3, "public"},
		{"GET http://wiki.example.org:443 /public", 0, "deny"},
		{"GET https://wiki.example.org:8443 /x", 12, "public"},
		{"GET https://wiki.example.org:08443 /x", 0, "deny"},
		{"GET https://wiki.example.org:8443: /x", 0, "deny"},
		{"GET https://xwiki.example.org /public", 0, "deny"},
		{"GET https://a.wiki.example.org /public", 0, "deny"},
		{"GET https://wiki.example.org.. /public", 0, "deny"},
		{"GET https://ann@wiki.example.org /public", 0, "deny"},
		{"GET https:// /public", 0, "deny"},
		{"GET https://ops.example.org /admin", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /admin/users", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /adminx", 7, "two-factor"},
		{"GET https://ops.example.org /my%20files/a", 5, "two-factor within 1h10m"},
		{"GET https://old.example.org /", 8, "deny"},
		{"POST https://bücher.example /order/1", 9, "one-factor"},
		{"POST https://xn--bcher-kva.example /order/1", 9, "one-factor"},
		{"GET https://xn--bcher-kva.example /order/1", 0, "deny"},
		{"GET https://xn--bcher-kva.example /", 0, "deny"},

		// Odd methods and paths: the strictest rule of the host (FA-07, FA-08).
		{"get https://wiki.example.org /public", 4, "one-factor"},
		{"GETX https://wiki.example.org /public", 4, "one-factor"},
		{"G-T https://ops.example.org /", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a/../b", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /%2e%2E/", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a//b", 6, "two-factor within 10m"},
		{"GET https://ops.example.org //", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /group%2Fproject", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a%5cb", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a\\b", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /%2561dmin", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a%00", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a;b", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a#b", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a%3fb", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a%", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a%4", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a%zz", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /%c0%af", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /ADMIN", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a.", 6, "two-factor within 10m"},
		{"GET https://ops.example.org /a%20/b", 6, "two-factor within 10m"},
		{"OPTIONS https://ops.example.org *", 6, "two-factor within 10m"},
		{"POST https://xn--bcher-kva.example /order//1", 0, "deny"},
		{"GET https://old.example.org //", 8, "deny"},
		{"GET https://some.example.org //", 0, "deny"},
		{"GET https://wiki.example.org:8443 //", 11, "two-factor within 5m"},
	} {
		parts := strings.SplitN(c.request, " ", 3)
		scheme, host, _ := strings.Cut(parts[1], "://")
		d := rules.Decide(Request{Method: parts[0], Scheme: scheme, Host: host, URI: parts[2]})
		if d.Line != c.line || d.Demand.String() != c.demand {
			t.Errorf("%s: line %d, %s; want line %d, %s", c.request, d.Line, d.Demand, c.line, c.demand)
		}
		if d.Host != "" && !slices.Contains(rules.Hosts(), d.Host) {
			t.Errorf("%s: host %q, which has no rules", c.request, d.Host)
		}
	}
}

func TestIncludes(t *testing.T) {
	rules := parse(t, sample)
	for _, c := range []struct {
		host, path, email, groups string
		want                      bool
	}{
		{"wiki.example.org", "/", "bob@example.org", "", true},
		{"wiki.example.org", "/public", "bob@example.org", "", true},
		{"ops.example.org", "/", "bob@example.org", "", false},
		{"ops.example.org", "/", "bob@example.org", "dev ops", true},
		{"ops.example.org", "/", "ann@example.org", "", true},
		{"ops.example.org", "/admin", "ann@example.org", "", false},
		{"ops.example.org", "/admin", "ann@example.org", "ops", true},
		{"ops.example.org", "/admin", "ops", "group:ops *", false},
		{"ops.example.org", "//", "ann@example.org", "", false}, // every rule must include the user
		{"ops.example.org", "//", "bob@example.org", "ops", false},
		{"ops.example.org", "//", "ann@example.org", "ops", true},
		{"old.example.org", "/", "ann@example.org", "ops", false},
		{"other.example.org", "/", "ann@example.org", "ops", false},
	} {
		d := rules.Decide(Request{"GET", "https", c.host, c.path})
		if got := d.Includes(c.email, strings.Fields(c.groups)); got != c.want {
			t.Errorf("%s%s: includes %s in groups %q: %t", c.host, c.path, c.email, c.groups, got)
		}
	}
}

func TestHostsAndAll(t *testing.T) {
	rules := parse(t, sample)
	want := "[old.example.org ops.example.org some.example.org wiki.example.org wiki.example.org:8443 xn--bcher-kva.example]"
	if got := "[" + strings.Join(rules.Hosts(), " ") + "]"; got != want {
		t.Errorf("hosts: %s", got)
	}
	all := rules.All()
	if len(all) != 12 || !slices.IsSortedFunc(all, func(a, b Rule) int { return a.Line - b.Line }) {
		t.Errorf("rules: %v", all)
	}
}
