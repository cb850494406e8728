package access

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"twostep/auth"
)

// An InForce is a rule file as a server uses it.
type InForce struct {
	*Rules
	File    string
	Since   time.Time // when these rules were read
	Fault   error     // why the file could not be read again since then; nil without an attempt
	FaultAt time.Time
	Asked   bool // whether proxies can ask
}

// counts are how often each rule has decided, by line. They are made with the rules, so
// that the map is never written again.
type counts map[int]*atomic.Int64

func newCounts(byHost map[string][]Rule) counts {
	all := counts{0: new(atomic.Int64)} // no rule
	for _, rules := range byHost {
		for _, rule := range rules {
			all[rule.Line] = new(atomic.Int64)
		}
	}
	return all
}

// Count counts a decision.
func (r *Rules) Count(d Decision) { r.counts[d.Line].Add(1) }

// Decided returns how many decisions of a rule were counted; with line 0, how many that no
// rule has made.
func (r *Rules) Decided(line int) int64 { return r.counts[line].Load() }

// Rule returns the rule that made a decision.
func (r *Rules) Rule(d Decision) (rule Rule, found bool) {
	for _, rule := range r.byHost[d.Host] {
		if rule.Line == d.Line {
			return rule, true
		}
	}
	return Rule{}, false
}

// ParseURL returns the request of a URL. It does not clean the path, because the decision may
// depend on its spelling. The error is an [auth.Problem].
func ParseURL(text, method string) (Request, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	if scheme != "https" && scheme != "http" {
		return Request{}, invalidURL(text, "is not a URL with https:// or http://")
	}
	end := strings.IndexAny(rest+"/", "/?")
	host, uri := rest[:end], rest[end:]
	if !strings.HasPrefix(uri, "/") {
		uri = "/" + uri
	}
	if _, err := canonicalHost(host, scheme); err != nil {
		return Request{}, invalidURL(text, "has no valid host")
	}
	return Request{Method: method, Scheme: scheme, Host: host, URI: uri}, nil
}

func invalidURL(text, reason string) error {
	return &auth.Problem{Reason: auth.EntryInvalid, Field: "url", Detail: strconv.Quote(text) + " " + reason}
}

// NeedsSession reports whether a request passes only with a session.
func (d Decision) NeedsSession() bool {
	return d.Demand.Level == OneFactor || d.Demand.Level == TwoFactor
}

// A Verdict says whether an account may use what a decision is about.
type Verdict int

// The verdicts.
const (
	MayUse Verdict = iota
	MayUseAfterSetup
	MayNotUse
	AccountDisabled
)

// Of returns the verdict on an account.
func (d Decision) Of(account auth.Account) Verdict {
	switch {
	case account.Disabled:
		return AccountDisabled
	case !d.Includes(account.Email.Key, account.Groups):
		return MayNotUse
	case d.Demand.Level == TwoFactor && !account.TOTP && account.Phones == 0 && account.Passkeys == 0:
		return MayUseAfterSetup
	}
	return MayUse
}
