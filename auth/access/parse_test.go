package access

import (
	"errors"
	"strings"
	"testing"
)

// TestParse_Faults: a message names line and column of the fault (FA-21).
func TestParse_Faults(t *testing.T) {
	for text, want := range map[string]string{
		"wiki.example.org":                                                         `line 1, column 17: "" is not a list of methods: give * or capitals, such as GET,POST`,
		"# ok\n\n  *.example.org * / public":                                       `line 3, column 3: "*.example.org" is not a host name: give one name, such as wiki.example.org, without scheme, wildcard or path`,
		"https://wiki.example.org * / public":                                      `line 1, column 1: "https://wiki.example.org" is not a host name: give one name, such as wiki.example.org, without scheme, wildcard or path`,
		"-wiki.example.org * / public":                                             `line 1, column 1: "-wiki.example.org" is not a host name: give one name, such as wiki.example.org, without scheme, wildcard or path`,
		"wiki.example.org:0 * / public":                                            `line 1, column 1: "wiki.example.org:0" is not a host name: give one name, such as wiki.example.org, without scheme, wildcard or path`,
		"wiki.example.org:65536 * / public":                                        `line 1, column 1: "wiki.example.org:65536" is not a host name: give one name, such as wiki.example.org, without scheme, wildcard or path`,
		"a.example:443 * / public":                                                 `line 1, column 1: leave out the default port 443`,
		"a.example get / public":                                                   `line 1, column 11: "get" is not a list of methods: give * or capitals, such as GET,POST`,
		"a.example GET,,POST / public":                                             `line 1, column 11: "GET,,POST" is not a list of methods: give * or capitals, such as GET,POST`,
		"a.example GET,HEAD / public":                                              `line 1, column 11: HEAD is listed already (GET includes HEAD)`,
		"a.example *":                                                              `line 1, column 12: the path is missing: give / for all paths`,
		"a.example * admin public":                                                 `line 1, column 13: "admin" cannot be a rule's path: the path does not begin with a slash`,
		"a.example * /a/../b public":                                               `line 1, column 13: "/a/../b" cannot be a rule's path: a segment of the path ends with a dot or space`,
		"a.example * /a?b public":                                                  `line 1, column 13: the path has a query, which no rule can match`,
		"a.example * /a/ public":                                                   `line 1, column 13: leave out the slash at the end: /a matches all paths below it, too`,
		"a.example * / two-fractor *":                                              `line 1, column 15: "two-fractor" is not a demand: give public, one-factor, two-factor, two-factor within 10m, or deny`,
		"a.example * / one-factor within 10m *":                                    `line 1, column 26: only two-factor has within`,
		"a.example * / two-factor within *":                                        `line 1, column 33: "*" is not a duration from 1m to 24h`,
		"a.example * / two-factor within 59s *":                                    `line 1, column 33: "59s" is not a duration from 1m to 24h`,
		"a.example * / two-factor within 25h *":                                    `line 1, column 33: "25h" is not a duration from 1m to 24h`,
		"a.example * / one-factor":                                                 `line 1, column 25: who is missing: give * for every account, group:NAME or email addresses`,
		"a.example * / public *":                                                   `line 1, column 22: public is the same for everyone: nothing may follow it`,
		"a.example * / deny group:ops":                                             `line 1, column 20: deny is the same for everyone: nothing may follow it`,
		"a.example * / one-factor ann@example.org *":                               `line 1, column 26: * is every account: nothing else may be listed with it`,
		"a.example * / one-factor group:Ops":                                       `line 1, column 26: "group:Ops" is not a group: give group: and a name of a-z, 0-9 and -, at most 32`,
		"a.example * / one-factor ops":                                             `line 1, column 26: "ops" is neither *, group:NAME nor an email address`,
		"a.example * / one-factor a@x.example A@x.example":                         `line 1, column 38: A@x.example is listed twice`,
		"bü.example * / p\u200bublic":                                              `line 1, column 17: the character is invisible or not UTF-8`,
		"\ufeffa.example * / public":                                               `line 1, column 1: the character is invisible or not UTF-8`,
		"a.example * / public\na.example * / public":                               `line 2, column 1: the rule is never reached: line 1 decides before it`,
		"a.example * / public\nA.Example GET /x deny":                              `line 2, column 1: the rule is never reached: line 1 decides before it`,
		"a.example GET / deny\na.example POST / deny\na.example HEAD,POST /x deny": `line 3, column 1: the rule is never reached: line 2 decides before it`,
	} {
		_, err := Parse(text)
		if _, ok := errors.AsType[*Error](err); !ok || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestParse_Accepts(t *testing.T) {
	for _, text := range []string{
		"", "#", "\r\n# only comments\r\n",
		"a.example GET / public # for all\r\na.example * / one-factor Ann@EXAMPLE.org\r\n",
		"a.example GET / deny\na.example * / deny",
		"a.example * /a deny\na.example * /ab deny",
		"localhost:65535 * / public\n127.0.0.1 * / public",
		"a.example * / two-factor within 1m *\nb.example * / two-factor within 24h *",
		strings.Repeat("#", 1<<16),
	} {
		if _, err := Parse(text); err != nil {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

// FuzzRules: no file makes the parser panic, every fault is located, and what is
// accepted decides about every host, path and method.
func FuzzRules(f *testing.F) {
	f.Add(sample, "wiki.example.org", "/public", "GET")
	f.Add("a.example * / two-factor within 1m *", "a.example", "/%", "get")
	f.Fuzz(func(t *testing.T, text, host, uri, method string) {
		rules, err := Parse(text)
		if fault, ok := errors.AsType[*Error](err); ok {
			lines := strings.Split(text, "\n")
			if fault.Line < 1 || fault.Line > len(lines) || fault.Column < 1 || fault.Column > len(lines[fault.Line-1])+1 {
				t.Errorf("the fault is outside the file: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		d := rules.Decide(Request{Method: method, Scheme: "https", Host: host, URI: uri})
		if d.Line == 0 && d.Demand.Level != Deny {
			t.Errorf("no rule decides, and the demand is %s", d.Demand)
		}
		if d.Demand.Level == Deny && d.Includes("ann@example.org", []string{"ops"}) {
			t.Error("a denied request includes a user")
		}
	})
}
