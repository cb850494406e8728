// Package access has the rules of forward auth: what a request to an app demands of
// the user who sends it. It knows no session, no clock and no network.
//
// A rule file has one rule per line; the first rule that matches a request decides, and
// a request that no rule matches is denied:
//
//	# host             methods  path      demand                    who
//	wiki.example.org   GET      /public   public
//	wiki.example.org   *        /         one-factor                *
//	ops.example.org    *        /admin    two-factor within 10m     group:ops
//	ops.example.org    *        /         two-factor                group:ops ann@example.org
//	old.example.org    *        /         deny
//
// Servers disagree about some requests, such as one for /public/../admin. Such a request
// must meet the demands of every rule of its host, so that no reading of it gets more
// than it should. An id in parentheses, such as (FA-07), is a row of auth/standards.md.
package access

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"twostep/auth"
)

// A Level is a kind of demand. A higher one is stricter.
type Level int

// The levels.
const (
	Public Level = iota
	OneFactor
	TwoFactor
	Deny
)

var levelNames = [...]string{Public: "public", OneFactor: "one-factor", TwoFactor: "two-factor", Deny: "deny"}

func (l Level) String() string { return levelNames[l] }

// A Demand is what the session of a request must have.
type Demand struct {
	Level  Level
	Within time.Duration // how recently the second factor was verified, with TwoFactor; zero for any time
}

func (d Demand) String() string {
	if d.Within == 0 {
		return d.Level.String()
	}
	return d.Level.String() + " within " + auth.ShortDuration(d.Within)
}

// stricter returns the stricter of two demands.
func (d Demand) stricter(other Demand) Demand {
	switch {
	case d.Level > other.Level:
		return d
	case d.Level < other.Level || d.Within == 0 || other.Within != 0 && other.Within < d.Within:
		return other
	}
	return d
}

// A Rule is one line of the file.
type Rule struct {
	Line    int      // from 1
	Host    string   // in lower case, as punycode, with a port unless it is the scheme's default
	Methods []string // nil for all
	Path    string   // decoded prefix; "/" for all paths
	Demand  Demand
	Who     []string // users: "*", group:NAME or the keys of email addresses; nil with Public and Deny
}

// Rules are the rules of a file. They are safe for concurrent use.
type Rules struct {
	byHost map[string][]Rule // in the order of the file
	counts counts
}

// A Request is what a proxy reports about the request it asks for.
type Request struct {
	Method string
	Scheme string // https or http
	Host   string
	URI    string // path and query, as the client sent them
}

// A Decision is what a request demands.
type Decision struct {
	Line   int    // of the deciding rule; 0 if no rule matches
	Odd    string // why all rules of the host decided and not the first that matches; empty if it did
	Host   string // as in the rules; empty if no rule has it
	Demand Demand
	who    [][]string // the user must be in each of these lists
}

// denied is the decision about a request that no rule matches.
var denied = Demand{Level: Deny}

// Decide returns what a request demands.
func (r *Rules) Decide(req Request) Decision {
	host, _ := canonicalHost(req.Host, req.Scheme) // no rule has an invalid one, which is ""
	rules := r.byHost[host]
	if len(rules) == 0 {
		return Decision{Demand: denied}
	}
	path, odd := decodePath(req.URI)
	if !isMethod(req.Method) {
		odd = "the method is not made of capital letters"
	}
	if odd == "" && slices.ContainsFunc(rules, func(rule Rule) bool { return rule.coversOtherCase(path) }) {
		odd = "the path differs from a rule's in capital letters only"
	}
	if odd != "" {
		return strictest(host, rules, odd)
	}
	for _, rule := range rules {
		if rule.hasMethod(req.Method) && rule.coversPath(path) {
			return Decision{Line: rule.Line, Host: host, Demand: rule.Demand, who: [][]string{rule.Who}}
		}
	}
	return Decision{Host: host, Demand: denied}
}

// strictest returns the strictest demand of a host's rules, for a request that could be
// about any of them. If no rule is about the whole host, it could be about a path that no rule allows.
func strictest(host string, rules []Rule, odd string) Decision {
	d := Decision{Host: host, Odd: odd, Demand: denied}
	if !slices.ContainsFunc(rules, func(rule Rule) bool { return rule.Methods == nil && rule.Path == "/" }) {
		return d
	}
	d.Line, d.Demand = rules[0].Line, rules[0].Demand
	for _, rule := range rules {
		if stricter := d.Demand.stricter(rule.Demand); stricter != d.Demand {
			d.Line, d.Demand = rule.Line, stricter
		}
		if rule.Who != nil {
			d.who = append(d.who, rule.Who)
		}
	}
	return d
}

// Includes reports whether the rules are for this user: the key of the account's email
// address, see [auth.Email], and its groups.
func (d Decision) Includes(emailKey string, groups []string) bool {
	if d.Demand.Level == Public {
		return true
	}
	for _, who := range d.who {
		included := slices.ContainsFunc(who, func(name string) bool {
			group, isGroup := strings.CutPrefix(name, groupPrefix)
			return name == everyone || isGroup && slices.Contains(groups, group) || !isGroup && name == emailKey
		})
		if !included {
			return false
		}
	}
	return d.Demand.Level != Deny
}

// Hosts returns the hosts that have rules, sorted.
func (r *Rules) Hosts() (hosts []string) {
	for host := range r.byHost {
		hosts = append(hosts, host)
	}
	slices.Sort(hosts)
	return hosts
}

// All returns all rules in the order of the file.
func (r *Rules) All() (all []Rule) {
	for _, rules := range r.byHost {
		all = append(all, rules...)
	}
	slices.SortFunc(all, func(a, b Rule) int { return a.Line - b.Line })
	return all
}

// isMethod reports whether a method is one that every server reads alike (FA-08).
func isMethod(method string) bool {
	return method != "" && strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// hasMethod reports whether the rule is for a method. HEAD has the same answer as GET,
// without the body.
func (r Rule) hasMethod(method string) bool {
	return r.Methods == nil || slices.Contains(r.Methods, method) || method == "HEAD" && slices.Contains(r.Methods, "GET")
}

// coversPath reports whether a path is the rule's or below it, by whole segments (FA-06).
func (r Rule) coversPath(path string) bool {
	return r.Path == "/" || strings.HasPrefix(path, r.Path) && (len(path) == len(r.Path) || path[len(r.Path)] == '/')
}

// coversOtherCase reports whether a server that ignores case would serve a path below
// the rule's that [Rule.coversPath] does not find there.
func (r Rule) coversOtherCase(path string) bool {
	if r.Path == "/" || r.coversPath(path) {
		return false
	}
	folded := Rule{Path: fold(r.Path)}
	return folded.coversPath(fold(path))
}

// fold removes differences of case. It maps letter to letter, so the segments of a path
// stay segments.
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }

// String returns the rule as it is written.
func (r Rule) String() string {
	methods := "*"
	if r.Methods != nil {
		methods = strings.Join(r.Methods, ",")
	}
	return strings.Join(append([]string{r.Host, methods, (&url.URL{Path: r.Path}).EscapedPath(), r.Demand.String()}, r.Who...), "  ")
}
